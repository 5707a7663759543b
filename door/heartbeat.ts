/**
 * Finds clients that are gone without a word. One timer for all of them: sessions sit in a
 * ring of slots, one slot is visited per tick, and a full round takes a third of the pong
 * timeout, so that a client misses three pings before it is closed. The same visit closes
 * sessions whose token has expired, so a round takes 20 s at most.
 *
 * A process that was frozen has not read the pongs it was sent: for a round after a late
 * tick nobody is judged.
 */
import type { Clock, Timer } from "#runtime/clock.ts";

const slotCount = 20;
const pingsPerTimeout = 3;
const roundMsMax = 20_000;

/** What the heartbeat does with each session, once a round. */
export interface Beating {
  beat(mayJudge: boolean): void;
}

export class Heartbeat {
  readonly #slots = Array.from({ length: slotCount }, () => new Set<Beating>());
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #timer: Timer;
  #hand = 0;
  #tickedAtMs: number;
  #ticksWithoutJudging = 0;

  /** `pongTimeoutMs` = 0: nobody is judged. */
  constructor(pongTimeoutMs: number, clock: Clock) {
    const roundMs = pongTimeoutMs === 0 ? roundMsMax : Math.min(roundMsMax, pongTimeoutMs / pingsPerTimeout);
    this.#clock = clock;
    this.#tickMs = roundMs / slotCount;
    this.#tickedAtMs = clock.now();
    this.#timer = clock.every(this.#tickMs, () => this.#tick());
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
    const now = this.#clock.now();
    const isLate = now - this.#tickedAtMs > slotCount * this.#tickMs;
    this.#tickedAtMs = now;
    this.#ticksWithoutJudging = isLate ? slotCount : Math.max(0, this.#ticksWithoutJudging - 1);
    this.#hand = (this.#hand + 1) % slotCount;
    for (const session of this.#slots[this.#hand] ?? []) session.beat(this.#ticksWithoutJudging === 0);
  }
}
