/**
 * F12: the wall clock of a gate and its game server jumps while people play. Timers,
 * heartbeats, links and a restart go by clocks of their own (P11); only tokens feel it.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { FakeWall } from "#tests/support/fake_wall.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { patience, sleep } from "./measure.ts";

const hour = 3600;
const year = 365 * 24 * hour;
const jumps: Record<string, number> = { "one hour on": hour, "one hour back": -hour, "ten years on": 10 * year };

/** So long after a game of dice the next one starts. */
const idleMs = 5000;
const pongTimeoutMs = 3000;
/** A client is looked at three times in a timeout. */
const lookEveryMs = pongTimeoutMs / 3;
const lateMs = 250 * patience;
const jumpAfterMs = 500;

test("[F12][P11] the wall clock jumps", { concurrency: 3, timeout: 120_000 }, async (t) => {
  await Promise.all(Object.entries(jumps).map(([what, seconds]) => t.test(what, (each) => jump(each, what, seconds))));
});

async function jump(t: TestContext, what: string, seconds: number): Promise<void> {
  const wall = FakeWall.hang(t);
  if (wall === undefined) return;
  const folder = dataFolder(t);
  const open = (port: number): Promise<Server> =>
    Server.start(t, "game_server/main.ts", { ...wall.env, DATA_DIR: folder, PORT: String(port) });
  const server = await open(0);
  const env = { ...wall.env, GAME_SERVERS: `dice=127.0.0.1:${server.port}`, PONG_TIMEOUT: `${pongTimeoutMs}ms` };
  const gate = await Server.start(t, "gate_server/main.ts", env);
  await gate.logged("link up");
  const enter = async (user: number, tokenSeconds: number): Promise<Player> => {
    const player = await Player.connect(gate.port, user, { token: await mintToken(user, developmentKey, tokenSeconds) });
    player.sit();
    await player.hearUntil("Scene");
    return player;
  };
  const [one, two] = [await enter(1, 20 * year), await enter(2, 20 * year)];
  const [silent, expiring] = [await enter(3, 20 * year), await enter(4, hour / 2)];
  for (const player of [one, two, silent, expiring]) player.shake(6);
  await one.hearUntil("Settlement");
  const settledMs = performance.now();

  await sleep(jumpAfterMs);
  silent.socket.pause();
  const jumpedMs = performance.now();
  wall.jump(seconds);
  const expires = seconds > hour / 2;
  const expiry = expires ? expiring.closed : undefined;
  const late = await mintToken(5, developmentKey, hour / 2);
  if (expires) await assert.rejects(Player.connect(gate.port, 5, { token: late }), /401/);
  else await (await Player.connect(gate.port, 5, { token: late })).close();
  if (expires) assert.deepEqual(await expiry, { code: 4401, reason: "token expired" });
  const expiredMs = performance.now() - jumpedMs;
  await one.hearUntil("StandUp 3");
  const silentMs = performance.now() - jumpedMs;
  await one.hearUntil("Start");
  const startedMs = performance.now() - settledMs;

  // The game server dies and comes back while the wall is wrong: its clock is in its journal.
  server.signal("SIGKILL");
  await server.exited;
  const next = await open(server.port);
  for (const player of [one, two]) await player.hearUntil(`Notice ${Notice_Reason.HELD}/`);
  for (const player of [one, two]) await player.hearUntil(`Notice ${Notice_Reason.RESUMED}/`);
  for (const player of [one, two]) assert.deepEqual(await player.settle(), []);

  t.diagnostic(
    `F12 ${what}: next game started ${startedMs.toFixed(0)} ms after the last one, silent client cut after ${silentMs.toFixed(0)} ms, ` +
      (expires ? `token of 30 minutes felt it after ${expiredMs.toFixed(0)} ms` : "no token felt it"),
  );
  assert.ok(Math.abs(startedMs - idleMs) <= lateMs, `started after ${startedMs} ms`);
  assert.ok(silentMs >= pongTimeoutMs - lookEveryMs - 250 && silentMs <= pongTimeoutMs + lookEveryMs + lateMs, `cut after ${silentMs} ms`);
  if (expires) assert.ok(expiredMs <= lookEveryMs + lateMs, `felt after ${expiredMs} ms`);
  else assert.equal(expiring.socket.readyState, expiring.socket.OPEN);
  const links = [gate, server].flatMap(({ lines }) => lines.filter((line) => line.includes('"link down"')));
  assert.equal(links.length, 1, "the link was lost by the kill alone");
  assert.ok(!next.lines.some((line) => /journal damage|inputs forgotten|room unreadable/.test(line)));
  for (const player of [one, two]) await player.close();
}
