/**
 * What the directory and the fleet are kept in when many processes share them: it runs
 * scripts (redis_scripts.ts), each of them in one step. redis.ts is the real one; the simulator
 * has one of its own, whose time, network and memory are drawn from a seed.
 */
import { Refused } from "#protocol/refusals.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Script } from "./redis_scripts.ts";

/** What a script has answered: a word, and what belongs to it. */
export interface Answer {
  readonly is: string;
  readonly values: readonly string[];
}

export interface Store {
  /** The directory has forgotten what it was told: owners tell it again at once. */
  onForgot: () => void;
  /** It answers, for the first time or again: owners show themselves at once. */
  onUp: () => void;
  readonly isUp: boolean;
  /** Whether another may take its place that lacks its last writes: then what it says of them is no proof. */
  readonly failsOver: boolean;
  /**
   * Runs a script.
   * @throws {Refused} `tryAgain` when there is no answer, in 1 s at most. Whether it was run, or will be, is then unknown.
   */
  run(script: Script, ...args: readonly string[]): Promise<Answer>;
  /**
   * Waits until a replica has what this connection wrote, if there are any.
   * @throws {Refused} `tryAgain` when none has: a failover could forget it.
   */
  replicated(): Promise<void>;
  stop(): void;
}

/** What this process knows the memory of its store by: a random word, another one when the store has forgotten. */
export class Generation {
  readonly #entropy: Entropy;
  #known = "";
  #fresh: string;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
    this.#fresh = hex64(entropy);
  }

  /** What every script is told: the word this process knows, "" at first, and the next one, should it find none. */
  get words(): readonly [known: string, fresh: string] {
    return [this.#known, this.#fresh];
  }

  /**
   * Reads the answer of a script; calls `onForgot` when the store has lost its memory, or is another one.
   * @throws {Refused} `tryAgain` while it is learning.
   */
  read([generation, , is, ...values]: readonly unknown[], onForgot: () => void): Answer {
    const before = this.#known;
    this.#known = String(generation);
    if (this.#known === this.#fresh) this.#fresh = hex64(this.#entropy);
    if (before !== "" && before !== this.#known) onForgot();
    if (is === "learning") throw tryAgain("the directory is still learning who owns what");
    return { is: String(is), values: values.map(String) };
  }
}

/** Redis is away, and says so itself; anything else that is thrown is a mistake of ours. */
export function unlessRefused(thrown: unknown): void {
  if (!(thrown instanceof Refused)) throw thrown;
}

export function tryAgain(detail: string, cause?: unknown): Refused {
  return new Refused("tryAgain", { detail, cause });
}
