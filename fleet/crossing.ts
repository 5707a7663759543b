/**
 * Who may cross when: any number together, or one alone. An owner's claims cross together,
 * and its comparison with the directory crosses alone: then no claim is under way that one
 * of them knows of and the other does not. Whoever comes while another crosses alone waits
 * a little, and is then told to try again.
 */
import { Refused } from "#protocol/refusals.ts";
import type { Clock } from "#runtime/clock.ts";

/** As long as Redis itself is waited for. */
const waitMs = 1000;

export class Crossing {
  readonly #clock: Clock;
  /** Resolves when the one who crosses alone is over; undefined: nobody is. */
  #alone: Promise<void> | undefined;
  #together = 0;
  #onEmpty: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * It has crossed at the end of the turn in which its caller hears of the result: what he makes of it is then done.
   * @throws {Refused} `tryAgain` when another crosses alone for too long.
   */
  async together<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#alone !== undefined) await this.#wait();
    this.#together += 1;
    try {
      return await act();
    } finally {
      this.#clock.turnEnd(() => this.#crossed());
    }
  }

  async alone(act: () => Promise<void>): Promise<void> {
    while (this.#alone !== undefined) await this.#alone;
    const over = Promise.withResolvers<void>();
    this.#alone = over.promise;
    try {
      if (this.#together > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
      await act();
    } finally {
      this.#alone = undefined;
      over.resolve();
    }
  }

  async #wait(): Promise<void> {
    const { promise: tooLong, reject } = Promise.withResolvers<never>();
    const refused = new Refused("tryAgain", { detail: "this server is telling the directory what it owns" });
    const timer = this.#clock.after(waitMs, () => reject(refused));
    try {
      while (this.#alone !== undefined) await Promise.race([this.#alone, tooLong]);
    } finally {
      timer.cancel();
    }
  }

  #crossed(): void {
    this.#together -= 1;
    if (this.#together > 0) return;
    this.#onEmpty?.();
    this.#onEmpty = undefined;
  }
}
