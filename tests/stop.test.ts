/** P6 and F5 on real processes: what signals do to rooms that are neither moved nor parked. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { dissolveBy } from "./support/signals.ts";

/** One player who has rolled, one who has not, one who watches. */
async function tableOf(port: number) {
  const roller = await Player.seated(port, 1);
  const idler = await Player.seated(port, 2);
  const watcher = await Player.seated(port, 3, { watch: "true" });
  await watcher.hearUntil("Scene");
  roller.shake(6);
  await roller.hearUntil("Shake");
  for (const player of [idler, watcher]) await player.hearUntil("Shake");
  return [roller, idler, watcher];
}

interface Stack {
  readonly name: string;
  start(t: TestContext, env?: Record<string, string>): Promise<{ signalled: Server; port: number }>;
}

const stacks: Stack[] = [
  {
    name: "single mode",
    async start(t, env) {
      const server = await Server.start(t, "single.ts", { DRAIN: "wait", ...env });
      return { signalled: server, port: server.port };
    },
  },
  {
    name: "game server",
    async start(t, env) {
      const server = await Server.start(t, "game_server/main.ts", { DRAIN: "wait", ...env });
      const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
      await gate.logged("link up");
      return { signalled: server, port: gate.port };
    },
  },
];

const dissolved = ['Settlement [1] {"1":6}', "Disconnect 1"];

for (const { name, start } of stacks) {
  test(`[P6][F5] ${name}: the first signal plays on without new rooms, the second dissolves after an early settlement, exit 0`, async (t) => {
    const { signalled, port } = await start(t);
    const [roller, idler, watcher] = (await tableOf(port)) as [Player, Player, Player];
    signalled.signal("SIGTERM");
    await signalled.logged("drain start");
    assert.match(
      (await idler.hear())[0] ?? "",
      /^Notice 0\/1 this room will be dissolved by the system in \d+ s, please end it and open a new one$/,
    );
    assert.deepEqual(await signalled.admin("/readyz"), { status: 503, body: "draining\n" });
    assert.deepEqual(await signalled.admin("/livez"), { status: 200, body: "ok\n" });

    idler.stand();
    await roller.hearUntil("StandUp 2");
    idler.sit({ room_id: "1" });
    assert.deepEqual((await idler.hearUntil("Scene")).at(-2), "SitDown 2@1", "a room in play may be entered");
    roller.shake(1);
    await roller.hearUntil("Error 10001"); // they play on
    const late = await Player.connect(port, 9);
    late.sit({ room_id: "2" });
    assert.deepEqual(await late.hear(), ["Error 110 draining, no new rooms here"]);

    const started = Date.now();
    signalled.signal("SIGTERM");
    for (const player of [roller, idler, watcher]) assert.deepEqual((await player.hearUntil("Disconnect")).slice(-2), dissolved);
    signalled.signal("SIGTERM");
    assert.deepEqual(await signalled.exited, { code: 0, signal: null });
    assert.ok(Date.now() - started < 5_000, `${Date.now() - started} ms`);
    assert.equal(signalled.errors, "");
  });

  for (const [what, signals, gapMs] of [
    ["two signals 1 ms apart", ["SIGTERM", "SIGTERM"], 1],
    ["three signals 1 ms apart", ["SIGTERM", "SIGTERM", "SIGTERM"], 1],
    ["SIGINT then SIGTERM", ["SIGINT", "SIGTERM"], 50],
    ["five signals", ["SIGTERM", "SIGINT", "SIGTERM", "SIGINT", "SIGTERM"], 20],
  ] as const) {
    test(`[P6][F5] ${name}: ${what} dissolve once and exit with 0`, async (t) => {
      const { signalled, port } = await start(t);
      const players = await tableOf(port);
      await dissolveBy(signalled, signals, gapMs);
      for (const player of players) assert.deepEqual((await player.hearUntil("Disconnect")).slice(-2), dissolved);
      assert.deepEqual(await signalled.exited, { code: 0, signal: null });
      for (const { heard } of players) assert.ok(!heard.some((line) => line.startsWith("Disconnect")), heard.join());
    });
  }

  test(`[P6] ${name}: nothing to wait for, one signal is enough`, async (t) => {
    const { signalled } = await start(t);
    signalled.signal("SIGINT");
    assert.deepEqual(await signalled.exited, { code: 0, signal: null });
  });

  test(`[P6] ${name}: a drain ends by itself when the last room does`, async (t) => {
    const { signalled, port } = await start(t);
    const player = await Player.seated(port, 1);
    await player.hear(2);
    signalled.signal("SIGTERM");
    await player.hearUntil("Notice");
    player.stand();
    assert.deepEqual(await signalled.exited, { code: 0, signal: null });
  });

  test(`[P6] ${name}: DRAIN_DEADLINE dissolves without a second signal`, async (t) => {
    const { signalled, port } = await start(t, { DRAIN_DEADLINE: "300ms" });
    const players = await tableOf(port);
    signalled.signal("SIGTERM");
    for (const player of players) assert.deepEqual((await player.hearUntil("Disconnect")).slice(-2), dissolved);
    assert.deepEqual(await signalled.exited, { code: 0, signal: null });
  });
}

test("[P6] under npm start the same signal twice within 100 ms counts once", async (t) => {
  const server = await Server.start(t, "single.ts", { npm_lifecycle_event: "start" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  server.signal("SIGINT");
  server.signal("SIGINT");
  await server.logged("drain start");
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.ok(!server.lines.some((line) => line.includes("dissolve all")));
  server.signal("SIGINT");
  assert.deepEqual((await player.hearUntil("Disconnect")).at(-1), "Disconnect 1");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[P6] a gate that leaves sends everyone away with 1012, spread over its window, and exits with 0", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}`, DRAIN_WINDOW: "1s" });
  await gate.logged("link up");
  const players = await Promise.all(Array.from({ length: 100 }, (_, at) => Player.connect(gate.port, at + 1)));
  const seated = players[0] as Player;
  seated.sit();
  await seated.hear(2);
  gate.signal("SIGTERM");
  const started = Date.now();
  const closes = await Promise.all(players.map(async (player) => ({ ...(await player.closed), atMs: Date.now() - started })));
  assert.ok(closes.every(({ code }) => code === 1012));
  assert.match(seated.heard.join(), /Notice 2\/2/);
  const times = closes.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) > 300, `closed between ${times[0]} and ${times.at(-1)} ms`);
  assert.deepEqual(await gate.exited, { code: 0, signal: null });
});

test("[P6] a gate that leaves closes nobody before DRAIN_DELAY, and lets nobody in; with nobody there it does not wait", async (t) => {
  const env = { GAME_SERVERS: "dice=127.0.0.1:1", DRAIN_DELAY: "1500ms" };
  const gate = await Server.start(t, "gate_server/main.ts", env);
  const player = await Player.connect(gate.port, 1);
  gate.signal("SIGTERM");
  const startMs = performance.now();
  await player.hearUntil("Notice 2/2");
  await assert.rejects(Player.connect(gate.port, 2), /503/);
  assert.equal((await player.closed).code, 1012);
  assert.ok(performance.now() - startMs >= 1500);
  assert.deepEqual(await gate.exited, { code: 0, signal: null });
  const empty = await Server.start(t, "gate_server/main.ts", { ...env, DRAIN_DELAY: "1h" });
  empty.signal("SIGTERM");
  assert.deepEqual(await empty.exited, { code: 0, signal: null });
});

test("[P6] a gate's second signal closes the rest at once", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}`, DRAIN_WINDOW: "60s" });
  await gate.logged("link up");
  const players = await Promise.all(Array.from({ length: 300 }, (_, at) => Player.connect(gate.port, at + 1)));
  gate.signal("SIGTERM");
  await gate.logged("drain start");
  gate.signal("SIGTERM");
  const started = Date.now();
  await Promise.all(players.map((player) => player.closed));
  assert.ok(Date.now() - started < 1_500, `${Date.now() - started} ms`);
  assert.deepEqual(await gate.exited, { code: 0, signal: null });
});
