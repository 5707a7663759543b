/**
 * The files of one process' keys, as something outside of it keeps them: a Secret that is mounted, an agent, a person with an
 * editor. They are written badly on purpose: half of a key first, one file after the other.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Chance } from "#simulation/chance.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Server } from "#tests/support/process.ts";
import { says } from "#tests/support/said.ts";
import { sleep, until } from "./measure.ts";

const names = ["JWT_KEY", "JWT_KEY_PREVIOUS", "LINK_KEY", "LINK_KEY_PREVIOUS"] as const;

/** undefined: there is no such file. */
export type KeyTexts = Readonly<Partial<Record<(typeof names)[number], string | undefined>>>;

/** Files reach the processes of a fleet at different moments. */
const lateMsMax = 2500;
/** Far below the time between two looks, and long enough for one of them to fall into it. */
const halfMs = 500;

export class KeyFiles {
  readonly #folder: string;

  constructor(t: TestContext, texts: KeyTexts) {
    this.#folder = dataFolder(t);
    for (const [name, text] of Object.entries(texts)) if (text !== undefined) writeFileSync(this.#path(name), text);
  }

  /** What the process is started with. */
  get env(): Record<string, string> {
    return Object.fromEntries(names.map((name) => [`${name}_FILE`, this.#path(name)]));
  }

  /** Some time later the files are these, and again some time later the process has taken them; gives how long that took. */
  async change(texts: KeyTexts, server: Server, chance: Chance): Promise<number> {
    await sleep(chance.between(0, lateMsMax));
    const from = server.lines.length;
    for (const [name, text] of Object.entries(texts)) await this.#write(name, text);
    const writtenMs = performance.now();
    await until("the new keys to be taken", () => server.lines.slice(from).some(says("secret change")));
    return performance.now() - writtenMs;
  }

  async #write(name: string, text: string | undefined): Promise<void> {
    if (text === undefined) return rmSync(this.#path(name), { force: true });
    writeFileSync(this.#path(name), text.slice(0, text.length / 2));
    await sleep(halfMs);
    writeFileSync(this.#path(name), `${text}\n`);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
