/**
 * Virtual time: one queue of everything that will happen, run in order. Between two events
 * all promises settle, so that a run depends on its seed alone.
 */
import type { Timer } from "#runtime/clock.ts";

interface Event {
  readonly atMs: number;
  /** Of two events at once the one scheduled first runs first. */
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

export class Scheduler {
  /** Virtual milliseconds since the start of the run. */
  now = 0;
  /** Events run so far. */
  count = 0;
  readonly #heap: Event[] = [];
  #order = 0;
  readonly #onThrow: (thrown: unknown) => void;

  /** `onThrow`: what an event threw; it goes no further. */
  constructor(onThrow: (thrown: unknown) => void) {
    this.#onThrow = onThrow;
  }

  at(atMs: number, run: () => void): Timer {
    const event: Event = { atMs: Math.max(atMs, this.now), order: this.#order++, run, isCancelled: false };
    this.#push(event);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.now + delayMs, run);
  }

  async run(untilMs: number): Promise<void> {
    for (let event = this.#heap[0]; event !== undefined && event.atMs <= untilMs; event = this.#heap[0]) {
      this.#pop();
      if (event.isCancelled) continue;
      this.now = event.atMs;
      this.count += 1;
      this.#runOne(event);
      await settlePromises();
    }
    this.now = untilMs;
  }

  #runOne(event: Event): void {
    try {
      event.run();
    } catch (thrown) {
      this.#onThrow(thrown);
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** setImmediate runs when no promise has anything left to do. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
