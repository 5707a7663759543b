/** The operator's command line on logs of real servers: for people, filtered, as they come; and the level they are written at. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { Server, start } from "#tests/support/process.ts";
import { says } from "#tests/support/said.ts";

/** Two users in two rooms, and one refusal. */
async function evening(t: TestContext): Promise<readonly string[]> {
  const server = await Server.start(t, "single.ts", { HOST: "127.0.0.1" });
  const one = await Player.seated(server.port, 1, { room_id: "1" });
  await one.hearUntil("Scene");
  const two = await Player.seated(server.port, 2, { room_id: "2" });
  await two.hearUntil("Scene");
  two.shake(9);
  await two.hear();
  await two.close();
  await server.logged("drop");
  server.signal("SIGKILL");
  await server.exited;
  return server.lines;
}

async function logs(t: TestContext, lines: readonly string[], ...args: string[]): Promise<readonly string[]> {
  const run = start(t, ["clients/croupier.ts", "logs", ...args]);
  run.write(lines.map((line) => `${line}\n`).join(""));
  run.child.stdin?.end();
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.errors);
  return run.lines;
}

test("[croupier] logs makes lines readable, leaves what stands before them, and lets other lines pass", async (t) => {
  const lines = await evening(t);
  const prefixed = lines.map((line) => `[pod/dice-0/game] ${line}`);
  const shown = await logs(t, ["npm notice", ...prefixed, "dice-1  | {not ours}", ""]);
  assert.equal(shown.length, lines.length + 3);
  assert.deepEqual([shown[0], shown.at(-2), shown.at(-1)], ["npm notice", "dice-1  | {not ours}", ""]);
  const sit = shown.find((line) => line.includes(": sit"));
  assert.match(sit ?? "", /^\[pod\/dice-0\/game\] \[\d\d:\d\d:\d\d\.\d{3}\] INFO \(croupier\): sit room=dice\/1 .*epoch=1 .*user\.id=1/);
  assert.ok(!shown.join("\n").includes("\u001b"), "no colours where there is no terminal");
});

test("[croupier] logs --user, --room, --event and --level show those lines and no others", async (t) => {
  const lines = await evening(t);
  const eventsOf = async (...args: string[]): Promise<string[]> =>
    (await logs(t, ["npm notice", ...lines], "--json", ...args)).map(
      (line) => (JSON.parse(line) as { "event.action": string })["event.action"],
    );
  assert.deepEqual(await eventsOf("--user", "2"), ["session open", "sit", "refusal", "session close", "drop"]);
  assert.deepEqual(await eventsOf("--room", "dice/1"), ["room open", "sit"]);
  const life = (JSON.parse(lines.find(says("room open")) ?? "") as { "room.life": string })["room.life"];
  assert.deepEqual(await eventsOf("--room", life), ["room open", "sit"]);
  assert.deepEqual(await eventsOf("--event", "refusal,sit"), ["sit", "sit", "refusal"]);
  assert.deepEqual(await eventsOf("--level", "warn"), ["warning", "warning"]);
  assert.deepEqual(await eventsOf("--level", "warn", "--user", "2"), []);
  const file = join(dataFolder(t), "log");
  writeFileSync(file, lines.join("\n"));
  assert.equal((await logs(t, [], file, file)).length, 2 * lines.length);
});

test("[croupier] logs says each line as soon as it is whole", async (t) => {
  const [line = ""] = await evening(t);
  const run = start(t, ["clients/croupier.ts", "logs"]);
  run.write(`${line}\n${line.slice(0, 100)}`);
  await run.until((heard) => heard.includes("start"));
  run.write(`${line.slice(100)}\n`);
  await run.until((heard) => heard.includes("start"), 1);
});

test("[croupier] logs shows control characters of a client and obeys none", async (t) => {
  const message = "refusal: \u001b]0;title\u0007\u001b[31m\r\n\u202e";
  const line = JSON.stringify({ "event.action": "refusal", "log.level": "info", "@timestamp": "2026-01-01T00:00:00.000Z", message });
  const [shown = "", ...others] = await logs(t, [line]);
  assert.deepEqual(others, []);
  assert.ok(shown.endsWith("refusal: \\u001b]0;title\\u0007\\u001b[31m\\u000d\\u000a\\u202e"), shown);
});

test("[croupier] logs: no such event, level or file is said in a sentence", async (t) => {
  for (const [args, code, sentence] of [
    [["--event", "sit,dance"], 78, /^there is no event "dance"\.\nusage: /],
    [["--level", "loud"], 78, /^--level must be one of trace, .*\nusage: /],
    [["/nowhere/at/all"], 1, /^it cannot be read: ENOENT/],
  ] as const) {
    const run = start(t, ["clients/croupier.ts", "logs", ...args]);
    run.child.stdin?.end();
    assert.deepEqual(await run.exited, { code, signal: null });
    assert.match(run.errors, sentence);
  }
});

test("[logs][croupier] log-level: single inputs and sends come and go while the process runs, of rooms that were open before", async (t) => {
  const server = await Server.start(t, "single.ts");
  const player = await Player.seated(server.port, 1);
  await player.hearUntil("Scene");
  const level = async (...args: string[]): Promise<string> => {
    const run = start(t, ["clients/croupier.ts", "log-level", ...args], { CROUPIER_ADMIN: `http://127.0.0.1:${server.adminPort}` });
    const { code } = await run.exited;
    return `${code} ${run.lines.join()}${run.errors}`;
  };
  const roll = async (): Promise<number> => {
    const from = server.lines.length;
    player.shake(6);
    await player.hear();
    await player.settle();
    player.stand();
    await player.settle();
    await Player.connect(server.port, 9); // a line of info behind all of it
    await server.loggedFrom("session open", from);
    return server.lines.slice(from).filter(says("input", "send")).length;
  };
  assert.equal(await level(), "0 info\n".trimEnd());
  assert.equal(await roll(), 0);
  assert.equal(await level("debug"), "0 debug");
  player.sit();
  await player.hearUntil("Scene");
  assert.ok((await roll()) >= 2);
  assert.equal(await level("info"), "0 info");
  player.sit();
  await player.hearUntil("Scene");
  assert.equal(await roll(), 0);
  assert.match(await level("loud"), /^1 .* says 400: body\/level must be equal to one of the allowed values\.\n$/);
  assert.match(await level("info", "debug"), /^78 /);
  assert.equal(server.lines.filter(says("log level")).length, 2);
});
