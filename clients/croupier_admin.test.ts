/** The operator's command line on running servers: drain and rooms. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { adminsOf } from "#tests/support/croupier.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { Server, start } from "#tests/support/process.ts";
import { onTerminal } from "#tests/support/terminal.ts";
import { until } from "#tests/support/until.ts";

/** A server that waits for its rooms when it drains, and the command line told to ask it. */
async function serverAtHand(t: TestContext, env: Record<string, string> = {}) {
  const server = await Server.start(t, "game_server/main.ts", { DRAIN: "wait", ...env });
  const admin = `http://127.0.0.1:${server.adminPort}`;
  const run = (line: string, more: Record<string, string> = {}) =>
    start(t, ["clients/croupier.ts", ...line.split(" ")], { CROUPIER_ADMIN: admin, ...more });
  const croupier = async (line: string, more: Record<string, string> = {}) => {
    const asked = run(line, more);
    const { code } = await asked.exited;
    return { code, lines: asked.lines, errors: asked.errors };
  };
  return { server, admin, run, croupier };
}

test("[croupier][P6] drain status, start, start again, undo", async (t) => {
  const { server, admin, croupier } = await serverAtHand(t);
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  const serving = { code: 0, lines: ["serving, 1 room, 1 player, 1 session; a drain would wait"], errors: "" };
  assert.deepEqual(await croupier("drain status"), serving);
  const none = await croupier("drain undo");
  assert.deepEqual(none, { code: 1, lines: [], errors: `${admin} says 409: there is no drain to take back.\n` });
  for (let time = 0; time < 2; time++) {
    const { code, lines } = await croupier("drain start");
    assert.match(lines.join("\n"), /^draining \(wait\), left: 1 room, 1 player, 1 session, deadline in 1\d\d\.\d s$/);
    assert.equal(code, 0);
  }
  assert.deepEqual(await croupier("drain undo"), serving);
  assert.equal((await server.admin("/readyz")).status, 200);
});

test("[croupier][P6] drain start --wait tells how far it is until the server is gone", async (t) => {
  const { server, run } = await serverAtHand(t);
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  const waiting = run("drain start --wait");
  await waiting.until((line) => line.startsWith("draining (wait), left: 1 room"));
  player.stand();
  assert.deepEqual(await waiting.exited, { code: 0, signal: null });
  assert.equal(waiting.lines.at(-1), "gone");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[croupier][P6] drain start --wait ends with 1 when somebody takes the drain back", async (t) => {
  const { server, run, croupier } = await serverAtHand(t);
  await (await Player.seated(server.port, 1)).hear(2);
  const waiting = run("drain start --wait");
  await waiting.until((line) => line.startsWith("draining"));
  await croupier("drain undo");
  assert.equal((await waiting.exited).code, 1);
  assert.equal(waiting.errors, "somebody took the drain back: it serves again.\n");
});

test("[croupier][P6] drain start --wait at a terminal is one line that changes, and says how fast rooms leave", async (t) => {
  const { server, admin } = await serverAtHand(t);
  const players = [await Player.seated(server.port, 1, { room_id: "1" }), await Player.seated(server.port, 2, { room_id: "2" })];
  for (const player of players) await player.hear(2);
  const waiting = onTerminal(t, "clients/croupier.ts drain start --wait", { CROUPIER_ADMIN: admin });
  let shown = "";
  waiting.child.stdout?.on("data", (text: Buffer) => {
    shown += text.toString();
  });
  await until(() => shown.includes("left: 2 rooms"));
  players[0]?.stand();
  await until(() => /left: 1 room, 1 player, \d session\S*, \d+\.\d rooms a second, deadline in/.test(shown));
  assert.ok(!shown.includes("\n"), "all of it in one line");
  players[1]?.stand();
  assert.deepEqual(await waiting.exited, { code: 0, signal: null });
  assert.match(shown, /\r\n.*gone\r\n$/);
});

test("[croupier][P6] drain and log-level --json, of one process and of two", async (t) => {
  const { server, croupier } = await serverAtHand(t);
  const load = { rooms: 0, players: 0, sessions: 0 };
  const json = async (line: string): Promise<unknown[]> => (await croupier(line)).lines.map((each) => JSON.parse(each) as unknown);
  assert.deepEqual(await json("drain status --json"), [{ stage: "serving", kind: "wait", ...load, waitsFor: "" }]);
  assert.deepEqual(await json("log-level warn --json"), [{ level: "warn" }]);
  const other = await Server.start(t, "game_server/main.ts");
  const both = adminsOf(server, other);
  const of = both.split(",");
  assert.deepEqual((await croupier(`log-level --admin ${both}`)).lines, [`${of[0]}: warn`, `${of[1]}: info`]);
  assert.deepEqual((await croupier(`drain status --admin ${both}`)).lines, [
    `${of[0]}: serving, 0 rooms, 0 players, 0 sessions; a drain would wait`,
    `${of[1]}: serving, 0 rooms, 0 players, 0 sessions; a drain would wait`,
  ]);
  const lines = await json("drain start --wait --json");
  assert.deepEqual(lines.at(-1), { stage: "gone" });
});

test("[croupier] rooms ls, for people and for machines", async (t) => {
  const { server, croupier } = await serverAtHand(t);
  await (await Player.seated(server.port, 1, { room_id: "7" })).hear(2);
  const { lines } = await croupier("rooms ls");
  assert.equal(lines[0], "ROOM    LIFE              EPOCH  VERSION  PHASE    SEATS  WATCHERS  USERS");
  assert.match(lines.slice(1).join("\n"), /^dice\/7 {2}[0-9a-f]{16} {2}1 {6}1 {8}playing {2}1\/4 {4}0 {9}1$/);
  const { life, ...room } = JSON.parse((await croupier("rooms ls --json")).lines.join("\n")) as Record<string, unknown>;
  assert.equal(typeof life, "string");
  const seats = { seats: 4, free: 3, watchers: 0, users: 1 };
  assert.deepEqual(room, { game: "dice", id: "7", epoch: 1, version: 1, phase: "playing", ...seats });
});

test("[croupier] the admin token, a wrong one, and nobody there: a sentence and 1; a wrong URL: 78", async (t) => {
  const { admin, croupier } = await serverAtHand(t, { ADMIN_TOKEN: "let-me-in" });
  assert.equal((await croupier("rooms ls", { ADMIN_TOKEN: "let-me-in" })).code, 0);
  const wrong = { code: 1, lines: [], errors: `${admin} says 401: the admin token is missing or wrong.\n` };
  assert.deepEqual(await croupier("rooms ls", { ADMIN_TOKEN: "guessed" }), wrong);
  const file = join(dataFolder(t), "token");
  writeFileSync(file, "let-me-in\n");
  assert.equal((await croupier(`rooms ls --token-file ${file}`, { ADMIN_TOKEN: "guessed" })).code, 0);
  assert.equal((await croupier("rooms ls", { ADMIN_TOKEN_FILE: file })).code, 0);
  for (const [text, why] of [
    ["\n", /^--token-file holds no token: it is empty\.\n/],
    ["two\nlines-of-it\n", /^--token-file holds no token: there is something in it that no token has\.\n/],
  ] as const) {
    writeFileSync(file, text);
    const { code, errors } = await croupier(`rooms ls --token-file ${file}`);
    assert.equal(code, 78);
    assert.match(errors, why);
    assert.ok(!errors.includes("lines-of-it"));
  }
  const missing = await croupier(`rooms ls --token-file ${file}.not`);
  assert.equal(missing.code, 78);
  assert.match(missing.errors, /^--token-file cannot be read: ENOENT[^\n]*\.\nusage: /);
  assert.deepEqual(await croupier("drain start"), wrong);
  const nobody = { code: 1, lines: [], errors: "nobody listens at http://127.0.0.1:1.\n" };
  assert.deepEqual(await croupier("drain start --wait --admin http://127.0.0.1:1"), nobody);
  const { code, errors } = await croupier("drain status --admin 127.0.0.1:60009");
  assert.equal(code, 78);
  assert.match(errors, /^"127\.0\.0\.1:60009" is no URL of an admin listener\.\nusage: croupier drain status /);
});

test("[croupier][admin] the tokens that a process has are there for the command line, too; one that may only read only reads", async (t) => {
  const tokens = { ADMIN_TOKEN: "may-do-all-of-it", ADMIN_READ_TOKEN: "may-look-at-it" };
  const { admin, croupier } = await serverAtHand(t, tokens);
  const file = join(dataFolder(t), "token");
  writeFileSync(file, `${tokens.ADMIN_TOKEN}\n`);
  for (const env of [tokens, { ADMIN_TOKEN_FILE: file }, { ...tokens, ADMIN_TOKEN: "" }, { ADMIN_READ_TOKEN: tokens.ADMIN_READ_TOKEN }])
    assert.equal((await croupier("rooms ls", env)).code, 0, Object.keys(env).join());
  assert.equal((await croupier("log-level warn", { ADMIN_TOKEN_FILE: file })).code, 0);
  const refused = await croupier("drain start", { ADMIN_READ_TOKEN: tokens.ADMIN_READ_TOKEN });
  assert.deepEqual(refused, { code: 1, lines: [], errors: `${admin} says 403: this token may only read.\n` });
  assert.deepEqual((await croupier("log-level", tokens)).lines, ["warn"]);
  const both = await croupier("log-level", { ...tokens, ADMIN_TOKEN_FILE: file });
  assert.equal(both.code, 78);
  assert.match(both.errors, /^ADMIN_TOKEN and ADMIN_TOKEN_FILE are both set: /);
});
