/**
 * A room's named timers as plain data, due on the server's own clock. Nothing runs here:
 * the room asks what is due next and takes it when its time has come.
 */
export interface TimerValue {
  dueMs: number;
  /** 0 = once. */
  readonly everyMs: number;
}

/** Shortest period of a ticker: below it a room would do nothing else. */
const everyMsMin = 10;

export class Timers {
  readonly #timers: Record<string, TimerValue>;

  /** `timers` stays the caller's object: it is part of the room's value. */
  constructor(timers: Record<string, TimerValue>) {
    this.#timers = timers;
  }

  start(name: string, dueMs: number): void {
    this.stop(name);
    this.#timers[name] = { dueMs, everyMs: 0 };
  }

  startTicker(name: string, nowMs: number, everyMs: number): void {
    this.stop(name);
    const period = Math.max(everyMsMin, everyMs);
    this.#timers[name] = { dueMs: nowMs + period, everyMs: period };
  }

  stop(name: string): void {
    delete this.#timers[name];
  }

  stopAll(): void {
    for (const name of Object.keys(this.#timers)) this.stop(name);
  }

  dueMs(name: string): number | undefined {
    return this.#timers[name]?.dueMs;
  }

  /** When the next timer is due; undefined when there is none. */
  get nextMs(): number | undefined {
    let next: number | undefined;
    for (const name in this.#timers) {
      const { dueMs } = this.#timers[name] as TimerValue;
      if (next === undefined || dueMs < next) next = dueMs;
    }
    return next;
  }

  /**
   * Takes the timer that is due first, of two at once the one started first. A ticker is
   * due again on its own beat; beats that have passed are left out.
   */
  takeDue(nowMs: number): string | undefined {
    const next = this.nextMs;
    if (next === undefined || next > nowMs) return undefined;
    const name = Object.keys(this.#timers).find((candidate) => this.#timers[candidate]?.dueMs === next);
    if (name === undefined) return undefined;
    const timer = this.#timers[name] as TimerValue;
    if (timer.everyMs === 0) this.stop(name);
    else timer.dueMs += timer.everyMs * (1 + Math.floor((nowMs - timer.dueMs) / timer.everyMs));
    return name;
  }
}
