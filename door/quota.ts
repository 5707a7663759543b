/** How many of something each key holds at once: connections of an address, of a user. */
export class Quota<Key> {
  readonly #held = new Map<Key, number>();
  readonly #most: number;

  /** `most` = 0 sets no limit. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes one for `key`, or says that it has all it may have. */
  take(key: Key): boolean {
    const held = this.#held.get(key) ?? 0;
    if (this.#most > 0 && held >= this.#most) return false;
    this.#held.set(key, held + 1);
    return true;
  }

  give(key: Key): void {
    const held = (this.#held.get(key) ?? 0) - 1;
    if (held > 0) this.#held.set(key, held);
    else this.#held.delete(key);
  }
}
