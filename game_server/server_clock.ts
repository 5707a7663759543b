/**
 * The server's own clock: it goes on from where the journal last saw it, and stands still
 * while no process runs. Timers are due on it, so a restart takes nothing from a game but
 * the second since the clock was last written down (P11).
 */
import type { Clock, Timer } from "#runtime/clock.ts";

export class ServerClock implements Clock {
  readonly #clock: Clock;
  readonly #aheadMs: number;

  /** `atMs`: what the journal says it was. */
  constructor(clock: Clock, atMs: number) {
    this.#clock = clock;
    this.#aheadMs = atMs - clock.now();
  }

  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  wall(): number {
    return this.#clock.wall();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#clock.after(delayMs, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#clock.every(periodMs, run);
  }

  turnEnd(run: () => void): void {
    this.#clock.turnEnd(run);
  }
}
