/**
 * When this journal's server renewed its lease last, by the wall clock: a file beside the
 * journal. After a long absence others may have opened its rooms anew, so a server that
 * comes back then asks the directory before it plays.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#runtime/clock.ts";

export class LeaseNote {
  readonly #file: string;
  readonly #clock: Pick<Clock, "wall">;

  constructor(folder: string, clock: Pick<Clock, "wall">) {
    this.#file = join(folder, "lease");
    this.#clock = clock;
  }

  /** Milliseconds since the last renewal; 0 when there has been none: then no directory knows of these rooms. */
  get agoMs(): number {
    const atMs = Number(this.#read());
    return atMs > 0 ? Math.max(0, this.#clock.wall() - atMs) : 0;
  }

  /** The lease has just been renewed. A full disk leaves an older note: then the next start asks once too often. */
  write(): void {
    try {
      writeFileSync(`${this.#file}.new`, String(Math.round(this.#clock.wall())));
      renameSync(`${this.#file}.new`, this.#file);
    } catch {}
  }

  #read(): string {
    try {
      return readFileSync(this.#file, "utf8");
    } catch {
      return "";
    }
  }
}
