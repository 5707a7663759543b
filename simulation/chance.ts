/**
 * Chance from a seed: everything random in a simulation is drawn here, so that a seed is the
 * whole run. (sfc32, public domain; 2^32 seeds, each its own sequence.)
 */
import type { Entropy } from "#runtime/entropy.ts";

export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x9e3779b9;
    for (let turn = 0; turn < 16; turn++) this.#next();
  }

  /** In [0, 1). */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** In [least, most). */
  between(least: number, most: number): number {
    return least + (most - least) * this.fraction();
  }

  /** A whole number in [least, most]. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }

  /** True with this likelihood. */
  happens(likelihood: number): boolean {
    return this.fraction() < likelihood;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.whole(0, items.length - 1)] as Item;
  }

  /** Mostly short, sometimes long: exponential with this mean. */
  about(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  readonly entropy: Entropy = (count) => Uint8Array.from({ length: count }, () => this.#next() & 255);

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}
