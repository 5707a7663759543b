/** Log lines and those who read them: slowly, not at all, or until the pipe is closed (ARCHITECTURE §7). */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { read, said } from "./support/said.ts";
import { until } from "./support/until.ts";

const root = new URL("../", import.meta.url).pathname;
const stuckHandler = "tests/support/stuck_handler.ts";
const megabyte = 1024 * 1024;
/** Three lines of some 400 characters each: many times what a pipe holds. */
const rollsRefused = 2_000;

/** A process whose output nobody reads yet; what it says on standard error is kept. */
class Unread {
  readonly child: ChildProcess;
  errors = "";

  constructor(
    t: TestContext,
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
    output: number | "pipe" = "pipe",
  ) {
    this.child = spawn(command, args, { cwd: root, env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: ["pipe", output, "pipe"] });
    this.child.stderr?.on("data", (data: Buffer) => {
      this.errors += data.toString();
    });
    t.after(async () => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return;
      this.child.kill("SIGKILL");
      await once(this.child, "exit");
    });
  }

  /** Everything that it has to say from now on. */
  async readAll(): Promise<string[]> {
    const parts: Buffer[] = [];
    for await (const part of this.child.stdout ?? []) parts.push(part as Buffer);
    return Buffer.concat(parts).toString().split("\n").slice(0, -1);
  }
}

function writer(t: TestContext, lines: number, bytesMax: number): Unread {
  return new Unread(t, process.execPath, ["tests/support/log_writer.ts", String(lines), String(bytesMax)]);
}

test("[logs] a reader who is late gets every line whole and in order, and is told how many were left out", async (t) => {
  const run = writer(t, 100_000, megabyte);
  await until(() => run.errors.includes("written"));
  const [, leftOut, megabytes] = /written, (\d+) left out, (\d+) MB/.exec(run.errors) ?? [];
  assert.ok(Number(leftOut) > 50_000, run.errors);
  assert.ok(Number(megabytes) < 150, `${megabytes} MB`);
  const reading = run.readAll();
  await sleep(200);
  run.child.stdin?.write("go\n");
  const lines = (await reading).map((line) => JSON.parse(line) as { at?: number; dropped?: number });
  const numbers = lines.flatMap(({ at }) => at ?? []);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(numbers.length + lines.reduce((sum, { dropped = 0 }) => sum + dropped, 0), 100_000);
});

test("[logs] a reader who keeps up gets everything, also what was said just before the process ended", async (t) => {
  const run = writer(t, 50_000, 32 * megabyte);
  const reading = run.readAll();
  run.child.stdin?.write("go\n");
  assert.equal((await reading).length, 50_000);
});

test("[logs][P7] a log that nobody reads stops no room, and the process still leaves in order", { timeout: 60_000 }, async (t) => {
  const port = 20_000 + (process.pid % 12_000);
  const env = { PORT: String(port), ADMIN_PORT: "0", JOURNAL: "memory", DRAIN_WINDOW: "0", LOG_LEVEL: "debug", MESSAGES_PER_SECOND: "0" };
  const run = new Unread(t, process.execPath, ["single.ts"], env, pipe(t));
  const player = await seatedSoon(port);
  player.shake(6);
  await player.hearUntil("Shake 1 6");
  for (let at = 0; at < rollsRefused; at++) player.shake(6);
  await player.hear(rollsRefused);
  run.child.kill("SIGTERM");
  run.child.kill("SIGINT");
  assert.deepEqual(await once(run.child, "close"), [0, null]);
  assert.match(run.errors, /nobody reads the log in time: its last lines, \d+ at most, are lost/);
});

test("[logs] a pipe that is closed is said on standard error, once, and the rooms play on", async (t) => {
  const server = await Server.start(t, "single.ts", { LOG_LEVEL: "debug" });
  server.closeOutput();
  const player = await Player.seated(server.port, 1);
  await player.hearUntil("Scene");
  player.shake(6);
  await player.hearUntil("Shake 1 6");
  assert.match(server.errors, /^croupier: standard output is closed \(E[A-Z]+\): nothing is logged any more\.\n$/);
  server.signal("SIGTERM");
  server.signal("SIGINT");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[logs] what a player has heard of is in the log when the server is killed with -9 soon after", async (t) => {
  for (let round = 0; round < 5; round++) {
    const server = await Server.start(t, "single.ts", { LOG_LEVEL: "debug" });
    const player = await Player.seated(server.port, 1);
    await player.hearUntil("Scene");
    player.shake(6);
    await player.hearUntil("Shake 1 6");
    await sleep(250); // lines wait for each other for 10 ms at most, by the clock of another process
    server.signal("SIGKILL");
    await server.exited;
    assert.equal(said(server.lines, "sit").length, 1);
    assert.equal(said(server.lines, "input").length, 1);
  }
});

test("[logs] the last line is there whatever ends the process", async (t) => {
  const server = await Server.start(t, "single.ts", { LOG_LEVEL: "debug" });
  server.signal("SIGTERM");
  await server.exited;
  assert.equal(read(server.lines.at(-1) ?? "")["event.action"], "stop");

  const folder = dataFolder(t);
  const first = await Server.start(t, "single.ts", { DATA_DIR: folder });
  const waiting = Server.launch(t, "single.ts", { DATA_DIR: folder });
  await waiting.until((line) => line.includes("journal wait"));
  waiting.child.kill("SIGTERM");
  await waiting.exited;
  assert.equal(read(waiting.lines.at(-1) ?? "")["event.action"], "stop", "before it was ready");

  const taken = start(t, ["single.ts"], { PORT: String(first.port), ADMIN_PORT: "0", JOURNAL: "memory" });
  assert.deepEqual(await taken.exited, { code: 78, signal: null });
  assert.ok(said(taken.lines, "start").length === 1 && said(taken.lines, "warning").length === 2, "stop 78");

  for (const how of ["throw", "reject"]) {
    const broken = start(t, ["tests/support/broken_process.ts", how], { PORT: "0", ADMIN_PORT: "0" });
    assert.deepEqual(await broken.exited, { code: 1, signal: null });
    const last = read(broken.lines.at(-1) ?? "");
    assert.deepEqual(
      [last["event.action"], last["event.reason"]],
      ["failure", how === "throw" ? "uncaughtException" : "unhandledRejection"],
    );
    assert.equal(said(broken.lines, "peer up").length, 20_000, "and what was said before it in the same turn");
  }
});

/** A pipe of the kernel's, as containers have, that is open at its other end and not read: those of Node's children are sockets. */
function pipe(t: TestContext): number {
  const path = join(dataFolder(t), "pipe");
  execFileSync("mkfifo", [path]);
  const file = openSync(path, constants.O_RDWR);
  t.after(() => closeSync(file));
  return file;
}

async function seatedSoon(port: number): Promise<Player> {
  for (;;) {
    try {
      const player = await Player.seated(port, 1);
      await player.hearUntil("Scene");
      return player;
    } catch {
      await sleep(100);
    }
  }
}

test("[logs][P7] a reader who takes little by little keeps no process from ending", { timeout: 30_000 }, async (t) => {
  const run = writer(t, 20_000, 32 * megabyte);
  await until(() => run.errors.includes("written"));
  run.child.stdin?.write("end\n");
  const endedAtMs = performance.now();
  const { stdout } = run.child;
  const taking = setInterval(() => stdout?.read(16_384), 100);
  await once(run.child, "exit");
  clearInterval(taking);
  const tookMs = performance.now() - endedAtMs;
  assert.ok(tookMs > 2000 && tookMs < 9000, `${tookMs.toFixed(0)} ms`);
  await until(() => run.errors.includes("nobody reads the log in time"));
});

test("[P10] a stuck handler is named on standard error, and ends nobody's process where that is closed", async (t) => {
  const [open, closed] = [new Unread(t, process.execPath, [stuckHandler]), new Unread(t, process.execPath, [stuckHandler])];
  for (const { child } of [open, closed]) await once(child.stdout ?? child, "readable");
  closed.child.stderr?.destroy();
  for (const { child } of [open, closed]) child.stdin?.write("go\n");
  assert.deepEqual(
    (await Promise.all([open.readAll(), closed.readAll()])).map((lines) => lines.at(-1)),
    ["plays on", "plays on"],
  );
  const line = read(open.errors);
  assert.deepEqual([line["event.action"], line["event.reason"], line["service.name"]], ["handler stuck", "dice/1 message", "game_server"]);
});
