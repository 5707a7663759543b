/**
 * A process of the simulation: it has a clock, it can be killed between two events or in the
 * middle of one, and it can stand still while the others go on. What it had planned dies
 * with it.
 */
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Chance } from "./chance.ts";
import type { Scheduler } from "./scheduler.ts";

/** Thrown at a kill point: the process is dead, and nothing after this line has run. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** A promise that was under way when its process died. */
export function unlessKilled(thrown: unknown): void {
  if (!(thrown instanceof Killed)) throw thrown;
}

/** The longest time from the first thing a turn handles to its end. */
const turnMsMax = 0.3;

interface ProcessOptions {
  scheduler: Scheduler;
  chance: Chance;
  /** The machine's clock at the start of the run, as it believes. */
  wallMs(): number;
  onKilled(): void;
}

export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #timers = new Set<Timer>();
  #turnEnds: (() => void)[] = [];
  #isAlive = true;
  #pausedUntilMs = 0;
  /** What came due while it stood still: its own doing, and what came from others. */
  readonly #missed = { own: [] as (() => void)[], others: [] as (() => void)[] };
  #sendsLeft = Number.POSITIVE_INFINITY;
  readonly #onKilled: () => void;

  constructor(name: string, { scheduler, chance, wallMs, onKilled }: ProcessOptions) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#onKilled = onKilled;
    const startMs = scheduler.now - chance.between(0, 1e6);
    this.clock = {
      now: () => scheduler.now - startMs,
      wall: () => Math.floor(wallMs() + scheduler.now),
      after: (delayMs, run) => this.#timer(delayMs, undefined, run),
      every: (periodMs, run) => this.#timer(periodMs, periodMs, run),
      turnEnd: (run) => {
        if (this.#turnEnds.length === 0) this.#own(chance.between(0, turnMsMax), () => this.#endTurn());
        this.#turnEnds.push(run);
      },
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs > this.#scheduler.now;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Runs in `delayMs` in this process: later while it stands still, never once it is dead. */
  soon(delayMs: number, run: () => void): Timer {
    return this.#scheduler.after(delayMs, () => this.#inside(run, this.#missed.others));
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.exit();
    this.#onKilled();
  }

  /** The end of this process, when it wants to. */
  exit(): void {
    this.#isAlive = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** The end of this process in the middle of what it does. */
  die(): never {
    this.kill();
    throw new Killed(this.name);
  }

  /** Dies when it has sent so many more batches. */
  killAfterSends(sends: number): void {
    this.#sendsLeft = sends;
  }

  /** To be called before each send. */
  spendSend(): void {
    if (this.#sendsLeft === 0) this.die();
    this.#sendsLeft -= 1;
  }

  /** Stands still: what would happen here happens afterwards, in its order. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#scheduler.now + forMs);
    this.#scheduler.at(this.#pausedUntilMs, () => this.#wakeUp());
  }

  /** As `soon`, of the process itself. */
  #own(delayMs: number, run: () => void): Timer {
    return this.#scheduler.after(delayMs, () => this.#inside(run, this.#missed.own));
  }

  #inside(run: () => void, missed: (() => void)[]): void {
    if (!this.#isAlive) return;
    if (this.isPaused) missed.push(run);
    else run();
  }

  /** An event loop that wakes up runs the timers that are due before it reads its sockets. */
  #wakeUp(): void {
    if (this.isPaused) return;
    const { own, others } = this.#missed;
    for (const run of [...own.splice(0), ...others.splice(0)]) this.soon(0, run);
  }

  #endTurn(): void {
    const ends = this.#turnEnds;
    this.#turnEnds = [];
    for (const end of ends) if (this.#isAlive) end();
  }

  #timer(delayMs: number, everyMs: number | undefined, run: () => void): Timer {
    let next: Timer | undefined;
    const timer: Timer = {
      cancel: () => {
        next?.cancel();
        this.#timers.delete(timer);
      },
    };
    const fire = (): void => {
      if (!this.#timers.has(timer)) return;
      if (everyMs === undefined) this.#timers.delete(timer);
      else next = this.#own(everyMs, fire);
      run();
    };
    if (!this.#isAlive) return timer;
    this.#timers.add(timer);
    next = this.#own(Math.max(0, delayMs), fire);
    return timer;
  }
}
