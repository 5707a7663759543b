/** The dice command line, the bots, and servers that are found by name. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Game } from "#game_server/game.ts";
import { type DiceState, dice as diceGame } from "#game_server/games/dice/dice.ts";
import { encode } from "#protocol/frame.ts";
import { Command, SettlementNoticeSchema } from "#protocol/gen/dice_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";
import { type Run, Server, start } from "./support/process.ts";

const sampleToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6MX0.teQ2o406CHCk91dbp2D3p6ErkfIOELXlyKTkgMiPUT8";

/** A dice client in a process of its own. */
function dice(t: TestContext, port: number, ...flags: string[]): Run {
  return start(t, ["clients/dice.ts", "-port", String(port), ...flags]);
}

/** Waits for a line and forgets everything up to it. */
async function says(run: Run, text: string): Promise<string> {
  const line = await run.until((heard) => heard.includes(text));
  run.lines.splice(0, run.lines.indexOf(line) + 1);
  return line;
}

test("[CLI] SEATS=2: two clients play a whole game with preset dice, a third watches", async (t) => {
  const server = await Server.start(t, "single.ts", { SEATS: "2" });
  const one = dice(t, server.port, "-u", "1");
  await says(one, "you at seat 0");
  const two = dice(t, server.port, "-u", "2", "-seat", "1");
  await says(two, "you at seat 1");
  const watcher = dice(t, server.port, "--u=3");
  await says(watcher, "you at seat 2");

  one.write("shake,6\n");
  assert.equal(await says(one, "rolled"), "you rolled 6");
  assert.equal(await says(watcher, "rolled"), "user 1 rolled");
  watcher.write("shake\n");
  assert.equal(await says(watcher, "refused"), "refused (103): watcher can't operate");
  two.write("shake,3\n");
  assert.equal(await says(two, "game over"), "game over: user 1 won (user 1 6, you 3), next in 5.0 s");
  assert.equal(await says(one, "game over"), "game over: you won (you 6, user 2 3), next in 5.0 s");
  assert.equal(await says(watcher, "game over"), "game over: user 1 won (user 1 6, user 2 3), next in 5.0 s");
  assert.equal(await says(watcher, "a new game"), "a new game, 30.0 s");

  two.write("standup\n");
  assert.equal(await says(one, "left"), "user 2 left");
  two.lines.length = 0;
  two.write("sitdown\n");
  await two.until((line) => line === "you at seat 1");
  assert.ok(!two.lines.some((line) => line.startsWith("refused")), "what the library asks for itself is not for people");
  one.write("print\n");
  await says(one, "dice room 1, playing");
  for (const run of [one, two, watcher]) {
    run.write("exit\n");
    assert.deepEqual(await run.exited, { code: 0, signal: null });
    assert.equal(run.errors, "");
  }
});

test("[CLI] a token that has expired, or is none, is said to be, and the client ends", async (t) => {
  const server = await Server.start(t, "single.ts");
  const expired = await mintToken(1, developmentKey, -60);
  for (const [token, words] of [
    [expired, "no connection: the token has expired"],
    ["nonsense", "no connection: the token is no JWT"],
  ] as const) {
    const run = dice(t, server.port, "-token", token);
    assert.deepEqual(await run.exited, { code: 1, signal: null });
    assert.equal(run.lines.at(-1), words);
  }
});

test("[CLI] a player who rolled, is cut off and comes back sees the old points", async (t) => {
  const server = await Server.start(t, "single.ts");
  const other = await Player.seated(server.port, 2);
  await other.hear(2);
  const one = dice(t, server.port, "-u", "1");
  await says(one, "you at seat");
  one.write("shake,5\n");
  await says(one, "you rolled 5");
  one.child.kill("SIGKILL");
  await one.exited;
  await other.hearUntil("Online -1");
  const again = dice(t, server.port, "-u", "1");
  await says(again, "you came back");
  assert.match(await says(again, "a game is on"), /\(you 5\)$/);
  await other.hearUntil("Online 1");
});

test("[CLI] Ctrl-C closes politely", async (t) => {
  const server = await Server.start(t, "single.ts");
  const run = dice(t, server.port);
  await says(run, "you at seat");
  run.child.kill("SIGINT");
  assert.deepEqual(await run.exited, { code: 0, signal: null });
  assert.match(await server.logged("session close"), /"close.code":1000/);
});

test("[CLI] -auto rolls by itself", { timeout: 40_000 }, async (t) => {
  const server = await Server.start(t, "single.ts");
  const runs = ["1", "2"].map((user) => dice(t, server.port, "-u", user, "-auto"));
  for (const run of runs) await run.until((line) => line.startsWith("you at seat"));
  const line = await Promise.race(runs.map((run) => run.until((heard) => /^you rolled [1-6]$/.test(heard), 0, 20_000)));
  assert.match(line, /^you rolled [1-6]$/);
});

test("[CLI] -print shows this server's rooms and users, and nobody sits", async (t) => {
  const server = await Server.start(t, "single.ts");
  const seated = await Player.seated(server.port, 5, { room_id: "9" });
  await seated.hear(2);
  const run = dice(t, server.port, "-print");
  assert.deepEqual(await run.exited, { code: 0, signal: null });
  assert.ok(run.lines.includes("dice room 9: users 5"), run.lines.join("\n"));
  assert.deepEqual(await seated.settle(), []);
});

test("[CLI] wrong flags end it with a sentence and the usage", async (t) => {
  for (const flags of [["-nope"], ["-u", "zero"], ["-port", "http"], ["surplus"]]) {
    const run = start(t, ["clients/dice.ts", ...flags]);
    assert.deepEqual(await run.exited, { code: 78, signal: null });
    assert.match(run.errors, /^[^\n]+\nusage: dice/);
  }
});

test("[CLI] a token that lets nobody in ends it, with 1", { timeout: 30_000 }, async (t) => {
  const server = await Server.start(t, "single.ts");
  const run = dice(t, server.port, "-token", `${sampleToken}x`);
  assert.deepEqual(await run.exited, { code: 1, signal: null });
  assert.match(run.lines.at(-1) ?? "", /^no connection/);
});

test("[static] a server found by name, a gate with the documented key, the sample token, and the CLI straight at the server", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { JWT_KEY: "ZGVmYXVsdF9rZXk=", GAME_SERVERS: `dice=localhost:${server.port}` });
  await gate.logged("link up");
  const outside = dice(t, gate.port, "-token", sampleToken);
  await says(outside, "you at seat 0");
  const inside = dice(t, server.port, "-ip", "localhost", "-u", "2");
  await says(inside, "you at seat 1");
  assert.equal(await says(outside, "user 2 at seat"), "user 2 at seat 1");
});

test("[bots] play whole games without an error, every settlement consistent with the rolls they saw", { timeout: 60_000 }, async (t) => {
  const servers = [await Server.start(t, "game_server/main.ts"), await Server.start(t, "game_server/main.ts")];
  const gate = await Server.start(t, "gate_server/main.ts", {
    GAME_SERVERS: servers.map(({ port }) => `dice=127.0.0.1:${port}`).join(","),
  });
  await gate.logged("link up");
  const run = start(t, ["clients/bots.ts", "--port", String(gate.port), "--users", "80", "--seconds", "9", "--think", "500", "--json"]);
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.lines.join("\n"));
  const report = JSON.parse(run.lines.at(-1) ?? "{}") as Record<string, number>;
  assert.equal(report["seated"], 80, "when they left");
  assert.ok((report["games"] ?? 0) >= 20 && (report["rolls"] ?? 0) >= 80, run.lines.join("\n"));
});

test("[bots] leave at the first Ctrl-C, and still say what they saw", { timeout: 30_000 }, async (t) => {
  const { port } = await openHouse(t);
  const bots = start(t, ["clients/bots.ts", "--port", String(port), "--users", "1", "--seconds", "600"]);
  await bots.until((line) => line.includes("1 seated"));
  bots.child.kill("SIGINT");
  assert.deepEqual(await bots.exited, { code: 0, signal: null }, bots.errors);
  assert.match(bots.lines.join("\n"), /^reconnects +0, at most 0 of one bot$/m);
});

test("[bots] notice a server that lies", { timeout: 30_000 }, async (t) => {
  /** Dice whose settlement names a winner who has not won. */
  const lying: Game<DiceState> = {
    ...diceGame,
    timer: (table, state, name) => {
      if (name === "settle") table.sendAll(encode(Command.SETTLEMENT, SettlementNoticeSchema, { winner: [999n], dice: { "1": 6 } }));
      diceGame.timer(table, state, name);
    },
    open: (table, options) => {
      const state = diceGame.open(table, options);
      table.startTimer("settle", 1_500);
      return state;
    },
  };
  const { port } = await openHouse(t, { games: [lying] });
  const bots = start(t, ["clients/bots.ts", "--port", String(port), "--users", "1", "--seconds", "4", "--json"]);
  const { code } = await bots.exited;
  const report = JSON.parse(bots.lines.at(-1) ?? "{}") as { inconsistencies: string[] };
  assert.equal(code, 1);
  assert.match(report.inconsistencies.join("\n"), /the winners are wrong/);
});
