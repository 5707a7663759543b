/**
 * A clock that stands still until a test moves it. Between two timers it lets the process
 * read its sockets, so that real clients hear what a timer said.
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { Clock, Timer } from "./clock.ts";

interface Pending {
  readonly run: () => void;
  dueMs: number;
  readonly everyMs: number | undefined;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #wallMs: number;
  readonly #pending = new Set<Pending>();

  constructor(wallMs = Date.UTC(2026, 10, 21)) {
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return this.#wallMs;
  }

  /** The machine's clock is set; no duration feels it. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ run, dueMs: this.#nowMs + delayMs, everyMs: undefined });
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add({ run, dueMs: this.#nowMs + periodMs, everyMs: periodMs });
  }

  turnEnd(run: () => void): void {
    setImmediate(run);
  }

  /** How many timers wait: a test that has stopped everything finds 0. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves on by `ms`, timer after timer, with sockets read in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    while (this.#runNext(untilMs)) await readSockets();
    this.#moveTo(untilMs);
    await readSockets();
  }

  /** Moves on by `ms`, timer after timer, with nothing in between. */
  advanceAtOnce(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#runNext(untilMs));
    this.#moveTo(untilMs);
  }

  /** The process stands still for so long: timers that were due meanwhile run late, at the next step. */
  freeze(ms: number): void {
    this.#moveTo(this.#nowMs + ms);
    for (const pending of this.#pending) if (pending.everyMs !== undefined) pending.dueMs = Math.max(pending.dueMs, this.#nowMs);
  }

  #runNext(untilMs: number): boolean {
    const next = this.#next(untilMs);
    if (next === undefined) return false;
    this.#moveTo(next.dueMs);
    if (next.everyMs === undefined) this.#pending.delete(next);
    else next.dueMs += next.everyMs;
    next.run();
    return true;
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  #next(untilMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) if (pending.dueMs <= untilMs && (next === undefined || pending.dueMs < next.dueMs)) next = pending;
    return next;
  }

  #moveTo(ms: number): void {
    this.#wallMs += ms - this.#nowMs;
    this.#nowMs = ms;
  }
}

/** Lets what was said be heard: a few turns of the event loop, more than any exchange within a process takes. */
async function readSockets(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await immediate();
}
