/**
 * Finds clients that are gone without a word. One timer for all of them: sessions sit in a
 * ring of slots, one slot is visited per tick, and a full round takes a third of the pong
 * timeout, so that a client misses three pings before it is closed. The same visit closes
 * sessions whose token has expired.
 */
import type { Clock, Timer } from "#runtime/clock.ts";

const slotCount = 20;
const pingsPerTimeout = 3;

/** What the heartbeat does with each session, once a round. */
export interface Beating {
  beat(): void;
}

export class Heartbeat {
  readonly #slots = Array.from({ length: slotCount }, () => new Set<Beating>());
  readonly #timer: Timer;
  #hand = 0;

  constructor(pongTimeoutMs: number, clock: Clock) {
    this.#timer = clock.every(pongTimeoutMs / pingsPerTimeout / slotCount, () => this.#tick());
  }

  /** Joins the slot that was visited last: its first beat is a full round away. Gives how to leave. */
  add(session: Beating): () => void {
    const slot = this.#slots[this.#hand];
    slot?.add(session);
    return () => slot?.delete(session);
  }

  stop(): void {
    this.#timer.cancel();
  }

  #tick(): void {
    this.#hand = (this.#hand + 1) % slotCount;
    for (const session of this.#slots[this.#hand] ?? []) session.beat();
  }
}
