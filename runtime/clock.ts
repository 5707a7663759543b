/**
 * Time as an argument (P11). Durations use the monotonic clock, so a wall clock that jumps
 * moves no timer; only tokens and ids read the wall. Tests and the simulator bring clocks
 * of their own.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds, from an arbitrary start. */
  now(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wall(): number;
  /** Runs once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs every `periodMs` until cancelled. */
  every(periodMs: number, run: () => void): Timer;
  /** Runs when the current event-loop turn has handled what had arrived. */
  turnEnd(run: () => void): void;
}

/** Resolves with the promise, or after so many milliseconds if it has not by then. */
export function within(clock: Clock, delayMs: number, promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(delayMs, resolve);
  return Promise.race([promise, late]).finally(() => timer.cancel());
}

/** Longest delay a Node timer keeps; longer ones are cut to it. */
const delayMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.min(delayMs, delayMsMax));
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, run) {
    const handle = setInterval(run, Math.min(periodMs, delayMsMax));
    return { cancel: () => clearInterval(handle) };
  },
  turnEnd(run) {
    setImmediate(run);
  },
};
