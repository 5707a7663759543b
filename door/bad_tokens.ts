/**
 * Slows down who guesses. Ten bad tokens of an address are forgiven, and one more every ten seconds; each beyond them
 * makes its next tokens wait a second longer before anybody looks at them, five at most. Who brings a good one from
 * there, as from behind the same router, comes in a little later.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "#runtime/clock.ts";
import { networkOf } from "./address.ts";
import { Quota } from "./quota.ts";

/** A family whose tokens have all expired is not slowed down. */
const forgiven = 10;
const forgiveEveryMs = 10_000;
const waitStepMs = 1000;
const waitStepsMax = 5;
/** Of one address; so many in five seconds are twenty guesses a second. */
const waitingMax = 100;
/** That are remembered; the ones whose last bad token was longest ago are forgotten. */
const addressesMax = 10_000;

interface Debt {
  bad: number;
  atMs: number;
}

export class BadTokens {
  readonly #clock: Clock;
  readonly #debts = new Map<string, Debt>();
  readonly #waiting = new Quota<string>(waitingMax);
  readonly #wakes = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#wakes.size;
  }

  /** One more of this address. True: its tokens wait from now on, which they did not before. */
  add(address: string): boolean {
    const network = networkOf(address);
    const before = this.#badOf(network);
    const bad = Math.min(before + 1, forgiven + waitStepsMax);
    this.#debts.delete(network);
    this.#debts.set(network, { bad, atMs: this.#clock.now() });
    const [oldest] = this.#debts.keys();
    if (this.#debts.size > addressesMax && oldest !== undefined) this.#debts.delete(oldest);
    return before <= forgiven && bad > forgiven;
  }

  /** How long a token of this address waits before anybody looks at it. */
  waitMs(address: string): number {
    return waitStepMs * Math.max(0, Math.ceil(this.#badOf(networkOf(address)) - forgiven));
  }

  /** Waits, but not for longer than somebody is there. False: too many of this address wait already. */
  async wait(address: string, stream: Duplex): Promise<boolean> {
    const network = networkOf(address);
    if (!this.#waiting.take(network)) return false;
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    const timer = this.#clock.after(this.waitMs(address), wake);
    this.#wakes.add(wake);
    stream.once("close", wake);
    await promise;
    stream.off("close", wake);
    this.#wakes.delete(wake);
    timer.cancel();
    this.#waiting.give(network);
    return true;
  }

  /** Nobody waits any longer. */
  wake(): void {
    for (const wake of this.#wakes) wake();
  }

  #badOf(network: string): number {
    const { bad, atMs } = this.#debts.get(network) ?? { bad: 0, atMs: 0 };
    return Math.max(0, bad - (this.#clock.now() - atMs) / forgiveEveryMs);
  }
}
