/**
 * Room ids for rooms that nobody named: 41 bits of milliseconds since 2026, 10 bits of the
 * server, 12 bits of a sequence, as a decimal string. Two servers with the same 10 bits may
 * mint the same id; the directory then gives the name to one of them and the other mints
 * again.
 */
const epochMs = Date.UTC(2026, 0, 1);
const serverBits = 10n;
const sequenceBits = 12n;
const sequenceMax = 2 ** Number(sequenceBits) - 1;

export class Snowflake {
  readonly #server: bigint;
  readonly #wall: () => number;
  #lastMs = 0;
  #sequence = 0;

  /** `server`: any number; ten bits of it are used. */
  constructor(server: number, wall: () => number) {
    this.#server = BigInt(server & (2 ** Number(serverBits) - 1));
    this.#wall = wall;
  }

  /** Ids grow; a wall clock that went back is not followed. */
  next(): string {
    const now = Math.max(this.#lastMs, Math.floor(this.#wall()) - epochMs, 1);
    if (now > this.#lastMs) this.#sequence = 0;
    else this.#sequence += 1;
    this.#lastMs = this.#sequence > sequenceMax ? now + 1 : now;
    if (this.#sequence > sequenceMax) this.#sequence = 0;
    return String((BigInt(this.#lastMs) << (serverBits + sequenceBits)) | (this.#server << sequenceBits) | BigInt(this.#sequence));
  }
}
