/**
 * "Your own game in fifteen minutes", followed word by word in an empty folder: its commands are run as they stand there,
 * its changes are made, and what it says one reads is read, while two players stay connected. But for the ports.
 */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "./support/data_folder.ts";
import { type Run, spawnRun } from "./support/process.ts";
import { replaceFile } from "./support/replace_file.ts";
import { read, says } from "./support/said.ts";

const checkout = new URL("../", import.meta.url).pathname.replace(/\/$/, "");
const page = readFileSync(join(checkout, "docs/your_own_game.md"), "utf8");
/** npm, its links and a type check, on a machine that does other things too. */
const stepMs = 120_000;

interface Block {
  readonly kind: string;
  readonly text: string;
}

/** The page's blocks, in their order. */
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, kind = "", text = ""]): Block => ({ kind, text }));

/** Whoever follows the page: his home has the checkout, his folder is empty, and he reads block after block. */
class Reader {
  readonly #t: TestContext;
  readonly #home: string;
  #folder: string;
  #next = 0;

  constructor(t: TestContext) {
    this.#t = t;
    this.#home = dataFolder(t);
    this.#folder = join(this.#home, "empty");
    mkdirSync(this.#folder);
    symlinkSync(checkout, join(this.#home, "croupier"));
  }

  /** The next block, which is of this kind. */
  block(kind: string): string {
    const block = blocks[this.#next++];
    assert.equal(block?.kind, kind, `block ${this.#next} of the page`);
    return block?.text ?? "";
  }

  get isAtEnd(): boolean {
    return this.#next === blocks.length;
  }

  /** Runs the next block's commands, one after another; gives how the last one ended and what it said. */
  async run(): Promise<{ code: number | null; text: string }> {
    let last = { code: 0 as number | null, text: "" };
    for (const line of this.block("sh").trim().split("\n")) {
      assert.equal(last.code, 0, last.text);
      if (line.startsWith("cd ")) this.#folder = join(this.#folder, line.slice(3));
      else {
        const run = this.start(line);
        const { code } = await run.exited;
        last = { code, text: run.text };
      }
    }
    return last;
  }

  start(command: string): Run {
    const env = { HOME: this.#home, PORT: "0", ADMIN_PORT: "0" };
    return spawnRun(this.#t, "sh", ["-c", `cd ${this.#folder} && exec ${command}`], env);
  }

  /** Makes the change of the next block. */
  change(): void {
    const [head = "", ...lines] = this.block("diff").trimEnd().split("\n");
    const file = join(this.#folder, head.replace("--- ", ""));
    const text = readFileSync(file, "utf8");
    const side = (without: string): string =>
      lines
        .filter((line) => !line.startsWith(without))
        .map((line) => line.slice(1))
        .join("\n");
    const [before, after] = [side("+"), side("-")];
    assert.equal(text.split(before).length, 2, `once in ${file}: ${before}`);
    replaceFile(
      file,
      text.replace(before, () => after),
    );
  }

  append(file: string): void {
    appendFileSync(join(this.#folder, file), `\n${this.block("ts")}`);
  }

  /** What the page says one reads next. */
  lines(): string[] {
    return this.block("text").trim().split("\n");
  }
}

test("[dev] the tutorial, word by word", { timeout: 10 * stepMs }, async (t) => {
  const reader = new Reader(t);
  assert.match((await reader.run()).text, /^ℹ pass 4$/m, "§1");

  const server = reader.start(reader.block("sh").trim());
  const { "process.pid": pid } = JSON.parse(await server.until(says("start"))) as { "process.pid": number };
  t.after(() => endsAnyway(pid));
  const { "url.port": port } = JSON.parse(await server.until(says("ready"))) as { "url.port": number };
  const play = reader.block("sh").trim();
  const gate = `127.0.0.1:${port}`;
  let first = reader.start(`${play} -- 1 ${gate}`);
  const second = reader.start(`${reader.block("sh").trim()} ${gate}`);
  for (const client of [first, second]) await client.until((line) => line === "seated");

  /** User 1 shows rock, user 2 paper, and `who` hears all of this. */
  const round = async (lines: readonly string[], ...who: readonly Run[]): Promise<void> => {
    const from = who.map((client) => client.lines.length);
    const shown = second.lines.length;
    first.write("rock\n");
    await second.until((line) => line === "user 1 has shown a hand", shown);
    second.write("paper\n");
    for (const [at, client] of who.entries()) for (const line of lines) await client.until((heard) => heard === line, from[at]);
  };
  /** Makes the next change, and gives what the server says of it. */
  const swapped = async (): Promise<string> => {
    const from = server.lines.length;
    reader.change();
    return read(await server.until(says("game swap"), from)).message;
  };

  await round(reader.lines(), first, second);
  assert.equal(await swapped(), "game swap: changed: game.ts", "§3");
  await round(reader.lines(), first, second);

  assert.equal(await swapped(), "game swap: changed: game.ts", "§4: types alone");
  const why = await swapped();
  for (const line of reader.lines()) assert.ok(why.includes(line), why);
  for (let changes = 0; changes < 3; changes++) assert.equal(await swapped(), "game swap: changed: game.ts", "§4");

  assert.equal(await swapped(), "game swap: changed: game.proto", "§5");
  assert.equal(await swapped(), "game swap: changed: game.ts", "§5");
  first.child.stdin?.end();
  assert.deepEqual(await first.exited, { code: 0, signal: null });
  reader.change();
  first = reader.start(`${play} -- 1 ${gate}`);
  await first.until((line) => line === "seated");
  await round(reader.lines(), first);
  assert.equal(second.lines.lastIndexOf("seated"), second.lines.indexOf("seated"), "user 2 was never away");

  reader.append("game.test.ts");
  assert.match((await reader.run()).text, /^ℹ pass 3\nℹ fail 2$/m, "§6");
  reader.change();
  reader.change();
  const { code, text } = await reader.run();
  assert.equal(code, 0, text);
  assert.ok(reader.isAtEnd);

  second.child.stdin?.end();
  assert.deepEqual(await second.exited, { code: 0, signal: null });
  process.kill(pid, "SIGINT");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

/** npm's own end does not end what npm has started. */
function endsAnyway(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (thrown) {
    assert.equal((thrown as NodeJS.ErrnoException).code, "ESRCH");
  }
}
