/** P4 and P6 on real processes: rooms that are parked for their server's successor. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { dataFolder, storedRows } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { SmallDisk } from "./support/small_disk.ts";

const moved = "Notice 1/0";
const held = "Notice 3/0";
const resumed = "Notice 4/0";
const gone = { code: 0, signal: null };

interface Fleet {
  readonly server: Server;
  readonly gate: Server;
  readonly folder: string;
  /** The successor: the same folder, the same port. */
  restart(): Promise<Server>;
}

async function fleet(t: TestContext, env: Record<string, string> = {}): Promise<Fleet> {
  const folder = dataFolder(t);
  const start = (port: number): Promise<Server> =>
    Server.start(t, "game_server/main.ts", { DATA_DIR: folder, PORT: String(port), PARK: "on", ...env });
  const server = await start(0);
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  return { server, gate, folder, restart: () => start(server.port) };
}

async function seated(port: number, user: number): Promise<Player> {
  const player = await Player.seated(port, user);
  await player.hearUntil("Scene");
  return player;
}

test("[P6][P4] PARK=on: the first signal parks and exits within 2 s; sockets, seats and inputs of the gap are the successor's", async (t) => {
  const { server, gate, folder, restart } = await fleet(t);
  const one = await seated(gate.port, 1);
  const two = await seated(gate.port, 2);
  await one.hear();
  one.shake(6);
  for (const player of [one, two]) await player.hearUntil("Shake");
  const startMs = performance.now();
  server.signal("SIGTERM");
  assert.deepEqual(await server.exited, gone);
  const tookMs = performance.now() - startMs;
  for (const player of [one, two]) assert.deepEqual(await player.hear(2), [moved, held]);
  assert.equal(storedRows(folder).length, 1);
  two.shake(3);
  await restart();
  assert.deepEqual((await two.hear(2)).toSorted(), [resumed, "Shake 2 3"]);
  assert.deepEqual((await one.hearUntil('Settlement [1] {"1":6,"2":3}')).slice(0, -1).toSorted(), [resumed, "Shake 2"]);
  assert.equal(server.errors, "");
  t.diagnostic(`parked and gone in ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < 2000, `${tookMs} ms`);
});

for (const [what, signals] of [
  ["two signals at once", ["SIGTERM", "SIGTERM"]],
  ["SIGTERM, SIGINT and SIGTERM", ["SIGTERM", "SIGINT", "SIGTERM"]],
] as const) {
  test(`[P6] PARK=on, ${what}: what is parked is not dissolved`, async (t) => {
    const { server, gate, restart } = await fleet(t);
    const player = await seated(gate.port, 1);
    for (const signal of signals) server.signal(signal);
    assert.deepEqual(await server.exited, gone);
    await restart();
    assert.deepEqual(await player.hear(3), [moved, held, resumed]);
  });
}

test("[P6] a direct client of a server that parks hears Disconnect 0, and his seat is kept", async (t) => {
  const { server, restart } = await fleet(t);
  const player = await seated(server.port, 1);
  player.shake(4);
  await player.hearUntil("Shake");
  server.signal("SIGTERM");
  assert.deepEqual(await player.hear(2), [moved, "Disconnect 0"]);
  assert.equal((await player.closed).code, 1012);
  assert.deepEqual(await server.exited, gone);
  const back = await Player.seated((await restart()).port, 1);
  assert.deepEqual(await back.hear(2), ["Online 1", 'Scene playing {"1":4}']);
});

test("[P6] DRAIN=wait with PARK=on: rooms play on, and DRAIN_DEADLINE parks them", async (t) => {
  const { server, gate, restart } = await fleet(t, { DRAIN: "wait", DRAIN_DEADLINE: "500ms" });
  const player = await seated(gate.port, 1);
  server.signal("SIGTERM");
  assert.match((await player.hear())[0] ?? "", /^Notice 0\/1 this room will be dissolved/);
  assert.deepEqual(await player.hear(2), [moved, held]);
  assert.deepEqual(await server.exited, gone);
  await restart();
  assert.deepEqual(await player.hear(), [resumed]);
});

test("[P6] DRAIN=wait with PARK=on: a second signal dissolves what is still played", async (t) => {
  const { server, gate, folder } = await fleet(t, { DRAIN: "wait" });
  const player = await seated(gate.port, 1);
  server.signal("SIGTERM");
  await player.hearUntil("Notice 0/1");
  server.signal("SIGTERM");
  assert.deepEqual(await player.hear(2), ["Settlement [] {}", "Disconnect 1"]);
  assert.deepEqual(await server.exited, gone);
  assert.equal(storedRows(folder).length, 0);
});

test("[P6][F13][P3] a full disk keeps nobody from parking: what was not written was not said, and the gate still has it", async (t) => {
  const disk = SmallDisk.mount(t, { size: "400k" });
  if (disk === undefined) return;
  const { server, gate, restart } = await fleet(t, { DATA_DIR: disk.folder });
  const player = await seated(gate.port, 1);
  disk.fill();
  player.shake(6);
  await server.logged("journal full");
  server.signal("SIGTERM");
  assert.deepEqual(await server.exited, gone);
  assert.deepEqual(await player.hear(), [held]);
  disk.free();
  await restart();
  assert.deepEqual((await player.hear(2)).toSorted(), [resumed, "Shake 1 6"]);
});

for (const [what, env] of [
  ["PARK=off", { PARK: "off" }],
  ["JOURNAL=memory", { JOURNAL: "memory" }],
] as const) {
  test(`[P6] ${what} never parks: DRAIN=park waits, and its deadline dissolves`, async (t) => {
    const { server, gate } = await fleet(t, { ...env, DRAIN: "park", DRAIN_DEADLINE: "500ms" });
    const player = await seated(gate.port, 1);
    server.signal("SIGTERM");
    assert.match((await player.hear())[0] ?? "", /^Notice 0\/1 this room will be dissolved/);
    assert.deepEqual(await player.hear(2), ["Settlement [] {}", "Disconnect 1"]);
    assert.deepEqual(await server.exited, gone);
  });
}

test("[P6] NOTICE_LANGUAGE=zh: players read Chinese", async (t) => {
  const { server, gate } = await fleet(t, { PARK: "off", NOTICE_LANGUAGE: "zh", DRAIN_DEADLINE: "40s" });
  const player = await seated(gate.port, 1);
  server.signal("SIGTERM");
  assert.deepEqual(await player.hear(), ["Notice 0/1 系统将在 40 秒后解散本房间，请尽快结束本局，并重新开房"]);
});

test("[P6][P4] single mode parks by default: sessions are closed with 1012, and the next start goes on", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", { ...env, DRAIN_WINDOW: "20s" });
  const player = await seated(first.port, 1);
  const leaver = await seated(first.port, 2);
  player.shake(5);
  await player.hearUntil("Shake");
  const startMs = performance.now();
  first.signal("SIGINT");
  leaver.drop(); // at a gate whose server is gone already, or nearly
  assert.equal((await player.closed).code, 1012);
  assert.deepEqual(await first.exited, gone);
  assert.ok(performance.now() - startMs < 2000, `${performance.now() - startMs} ms`);
  const second = await Server.start(t, "single.ts", env);
  const back = await Player.seated(second.port, 1);
  assert.equal((await back.hearUntil("Scene")).at(-1), 'Scene playing {"1":5}');
});

test("[P6] single mode: who drops while sessions are closed at a pace is not waited for", async (t) => {
  const server = await Server.start(t, "single.ts", { DATA_DIR: dataFolder(t), DRAIN_WINDOW: "20s" });
  const idle = await Promise.all(Array.from({ length: 150 }, (_, at) => Player.connect(server.port, 100 + at)));
  const leavers = await Promise.all([1, 2, 3, 4].map((user) => seated(server.port, user)));
  const startMs = performance.now();
  server.signal("SIGTERM");
  await Promise.all(leavers.map((player) => player.hearUntil(held)));
  for (const player of leavers) player.drop();
  const closes = await Promise.all(idle.map(({ closed }) => closed));
  assert.ok(closes.every(({ code }) => code === 1012));
  assert.deepEqual(await server.exited, gone);
  assert.ok(performance.now() - startMs < 8000, `${performance.now() - startMs} ms`);
});

test("[P6] single mode with nobody connected exits at once, and keeps what is parked", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", env);
  await seated(first.port, 1);
  first.signal("SIGKILL");
  await first.exited;
  const second = await Server.start(t, "single.ts", env);
  const startMs = performance.now();
  second.signal("SIGINT");
  assert.deepEqual(await second.exited, gone);
  assert.ok(performance.now() - startMs < 1000, `${performance.now() - startMs} ms`);
  assert.equal(storedRows(env.DATA_DIR).length, 1);
});
