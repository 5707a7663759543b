/** A game in a folder of its own, outside of everything: it counts what players say. Its text may be changed. */
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { dataFolder } from "./data_folder.ts";
import { replaceFile } from "./replace_file.ts";

const checkout = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

const module = `
import { encode, type Game, StringSchema } from "croupier/game";
import { word } from "./words.ts";

interface State {
  count: number;
}

// A frame that every client of a test can read.
const say = (text: string) => encode(6, StringSchema, { v: text });

export const game: Game<State> = {
  name: "counter",
  version: 1,
  seats: 2,
  open(table) {
    table.startTimer("late", 3_600_000 + table.random(1, 1000));
    return { count: 0 };
  },
  arrive(table, state, player) {
    table.send(player.user, say(\`\${word} \${state.count}\`));
  },
  leave: () => true,
  message(table, state) {
    state.count += 1;
    table.sendAll(say(\`\${word} \${state.count}\`));
  },
  timer() {},
  dissolve() {},
  phase: () => "counting",
  print: (_table, state) => \`count \${state.count}\`,
};
`;

export class OutsideGame {
  readonly folder: string;

  constructor(t: Pick<TestContext, "after">) {
    this.folder = join(dataFolder(t), "counter");
    mkdirSync(join(this.folder, "node_modules"), { recursive: true });
    symlinkSync(checkout, join(this.folder, "node_modules", "croupier"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    this.write("words.ts", 'export const word = "count";\n');
    this.write("game.ts", module);
  }

  get path(): string {
    return join(this.folder, "game.ts");
  }

  write(file: string, text: string): void {
    replaceFile(join(this.folder, file), text);
  }

  /** Replaces one text in the game by another. */
  edit(before: string, after: string, file = "game.ts"): void {
    const text = readFileSync(join(this.folder, file), "utf8");
    if (!text.includes(before)) throw new Error(`there is no ${before} in ${file}`);
    this.write(file, text.replace(before, after));
  }
}
