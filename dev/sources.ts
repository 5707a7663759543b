/**
 * The sources of a folder, and what has changed in them. They are looked at rather than listened to: editors write in several
 * steps and under other names, shared folders tell nothing, and a game has a dozen files.
 */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";

export class Sources {
  readonly #folder: string;
  #seen: ReadonlyMap<string, string>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#seen = this.#look();
  }

  /** The files that have changed, come or gone since they were looked at last. */
  changed(): string[] {
    const before = this.#seen;
    const now = this.#look();
    this.#seen = now;
    return [...new Set([...before.keys(), ...now.keys()])].filter((file) => before.get(file) !== now.get(file));
  }

  #look(): Map<string, string> {
    const files = globSync("**/*.{ts,mts,js,mjs,json,proto}", { cwd: this.#folder, exclude: ["**/node_modules", "**/.*"] });
    return new Map(files.map((file) => [file, this.#stamp(file)]));
  }

  #stamp(file: string): string {
    const { mtimeMs, size } = statSync(join(this.#folder, file), { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 };
    return `${mtimeMs} ${size}`;
  }
}
