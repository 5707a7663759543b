/** Many gates and game servers that find each other in Redis, as processes, with a real Redis that goes away and comes back. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { patience, sleep } from "#tests/faults/measure.ts";
import { Cluster, metricOf } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { watched } from "./support/redis_groups.ts";
import { says } from "./support/said.ts";
import { TcpProxy } from "./support/tcp_proxy.ts";

const races = process.env["FULL"] === "1" ? 1000 : 50;

/** Sits again and again until it is seated: what a client does that hears "try again". */
async function seatedAtLast(player: Player, metadata: Record<string, string>, withinMs = 35_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    player.sit(metadata);
    const [line = ""] = await player.hear();
    if (/^(SitDown|Online)/.test(line)) return;
    assert.equal(line, "Error 114 try again");
    if (Date.now() > deadline) throw new Error(`user ${player.user} was told to try again for too long`);
    await sleep(200);
  }
}

/** One game server with a journal, one gate, and user 1, who has rolled a six in room 1. */
async function rolledOnce(t: TestContext, env: Record<string, string> = {}) {
  const folder = dataFolder(t);
  const cluster = await Cluster.open(t, { servers: 0, gates: 0, env });
  if (cluster === undefined) return undefined;
  const server = await cluster.addServer({ DATA_DIR: folder });
  const gate = await cluster.addGate();
  const player = await Player.connect(gate.port, 1);
  await seatedAtLast(player, {});
  await player.hear();
  player.shake(6);
  await player.hearUntil("Shake");
  return { cluster, folder, server, gate, player };
}

test("[cluster][P8] a gate lets nobody in before Redis has answered once, so that who comes to it first need not try again", async (t) => {
  const rolled = await rolledOnce(t);
  if (rolled === undefined) return;
  const { cluster } = rolled;
  const proxy = await TcpProxy.open(t, cluster.redis.port);
  proxy.cut();
  setTimeout(() => proxy.go(), 1500).unref();
  const gate = await cluster.addGate({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  const player = await Player.seated(gate.port, 1);
  assert.match(String(await player.hear()), /^(SitDown|Online)/);
});

test("[cluster][P1] sits for one new room at two gates at the same instant end in one room", async (t) => {
  const cluster = await Cluster.open(t, { servers: 3 });
  if (cluster === undefined) return;
  for (let race = 1; race <= races; race++) {
    const room = { room_id: String(race) };
    const players = await Promise.all([Player.connect(cluster.door(0), 2 * race), Player.connect(cluster.door(1), 2 * race + 1)]);
    for (const player of players) player.sit(room);
    for (const player of players) {
      const other = players.find((one) => one !== player)?.user;
      const heard = await player.hearUntil("Scene");
      if (!heard.some((line) => line.startsWith(`SitDown ${other}@`)))
        assert.match(String(await player.hear()), new RegExp(`SitDown ${other}@1`));
    }
    for (const player of players) player.drop();
  }
  assert.equal(await cluster.sum("croupier_rooms_opened_total"), races);
});

test("[cluster][P8][F15] Redis is killed while people play: they play on, new rooms are refused, and all heals", async (t) => {
  const cluster = await Cluster.open(t);
  if (cluster === undefined) return;
  const [one, two] = [await Player.seated(cluster.door(0), 1), await Player.seated(cluster.door(1), 2)];
  await two.hearUntil("Scene");
  await one.hearUntil("SitDown 2");
  await cluster.redis.kill();
  one.shake(5);
  assert.deepEqual(await one.hearUntil("Shake"), ["Scene playing {}", "SitDown 2@1", "Shake 1 5"].slice(-1));
  assert.deepEqual(await two.hear(), ["Shake 1"]);
  const third = await Player.connect(cluster.door(0), 3);
  const askedMs = performance.now();
  third.sit({ room_id: "3" });
  assert.deepEqual(await third.hear(), ["Error 114 try again"]);
  assert.ok(performance.now() - askedMs < 1500, "quickly");
  two.stand();
  assert.deepEqual(await one.hear(), ["StandUp 2"]);

  await cluster.redis.start();
  await seatedAtLast(third, { room_id: "3" });
  const again = await Player.connect(cluster.door(0), 2);
  await seatedAtLast(again, { room_id: "4" });
  assert.equal(await cluster.sum("croupier_users"), 3, "user 2 left while Redis was away, and is nowhere else");
});

test("[cluster][P4][P8] while Redis is away whoever has a seat comes back to it, through any gate; for new rooms it is 'try again'", async (t) => {
  const rolled = await rolledOnce(t);
  if (rolled === undefined) return;
  const { cluster, gate, player } = rolled;
  await cluster.addServer();
  const second = await cluster.addGate();
  for (const each of [gate, second]) await cluster.shows(each, "croupier_links", 2);
  await cluster.redis.kill();
  player.drop(); // he has rolled: his seat is kept
  for (const door of [second, gate]) {
    const back = await Player.connect(door.port, 1);
    back.sit({ room_id: "1" });
    assert.equal((await back.hearUntil("Scene")).at(-1), 'Scene playing {"1":6}');
    back.drop();
  }
  const other = await Player.connect(gate.port, 2);
  for (const room of ["1", "77"]) {
    other.sit({ room_id: room });
    assert.deepEqual(await other.hear(), ["Error 114 try again"]);
  }
});

test("[cluster][P8] a Redis that hangs costs a sit a second, and nobody else anything", async (t) => {
  const cluster = await Cluster.open(t, { gates: 1 });
  if (cluster === undefined) return;
  const one = await Player.seated(cluster.door(0), 1);
  await one.hearUntil("Scene");
  cluster.redis.signal("SIGSTOP");
  const second = await Player.connect(cluster.door(0), 2);
  for (const withinMs of [2500 * patience, 500 * patience]) {
    const askedMs = performance.now();
    second.sit({ room_id: "2" });
    assert.deepEqual(await second.hear(), ["Error 114 try again"]);
    assert.ok(performance.now() - askedMs < withinMs, `within ${withinMs} ms`);
  }
  one.shake(4);
  assert.deepEqual(await one.hear(), ["Shake 1 4"]);
  await sleep(6000); // long enough for the connection to be given up
  cluster.redis.signal("SIGCONT");
  await seatedAtLast(second, { room_id: "2" });
});

for (const [how, forget] of [
  ["is flushed", async ({ redis }: Cluster) => void (await redis.ask("FLUSHALL"))],
  [
    "comes back empty",
    async ({ redis }: Cluster) => {
      await redis.ask("FLUSHALL");
      await redis.kill();
      await redis.start();
    },
  ],
] as const) {
  test(`[cluster][P1][P8][F15] a Redis that ${how} is told again: rooms and users are where they were`, async (t) => {
    const cluster = await Cluster.open(t);
    if (cluster === undefined) return;
    const players = await Promise.all([1, 2, 3, 4].map((user) => Player.seated(cluster.door(user % 2), user, { room_id: String(user) })));
    for (const player of players) await player.hearUntil("Scene");
    const early = await Player.connect(cluster.door(0), 5);
    await forget(cluster);
    early.sit({ room_id: "1" });
    assert.deepEqual(await early.hear(), ["Error 114 try again"], "a name that looks free may not be");
    for (const player of players) {
      player.shake(2);
      await player.hearUntil("Shake");
      const back = await Player.connect(cluster.door(0), player.user);
      await seatedAtLast(back, { room_id: "77" });
      back.drop();
    }
    await seatedAtLast(early, { room_id: "1" });
    assert.equal(await cluster.sum("croupier_rooms_opened_total"), 4, "nobody opened a second life of a name");
    assert.equal(await cluster.sum("croupier_directory_conflicts_total"), 0);
  });
}

test("[cluster][P8][F15] a game server that starts while Redis is away plays from its journal at once", async (t) => {
  const rolled = await rolledOnce(t);
  if (rolled === undefined) return;
  const { cluster, folder, server, gate, player } = rolled;
  await cluster.redis.kill();
  server.signal("SIGKILL");
  assert.deepEqual(await player.hear(), ["Notice 3/0"]);
  await server.exited;
  cluster.servers = [];
  await cluster.addServer({ DATA_DIR: folder, PORT: String(server.port) });
  assert.deepEqual(await player.hear(), ["Notice 4/0"]);
  player.shake(1);
  assert.deepEqual(await player.hear(), ["Error 10001 already shaken the dice"], "he has rolled already: the room knows");
  await cluster.redis.start();
  const other = await Player.connect(gate.port, 2);
  await seatedAtLast(other, {});
  await player.hearUntil("SitDown 2@1");
});

test("[cluster] a gate that starts while Redis is away serves as soon as it is there", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 0 });
  if (cluster === undefined) return;
  await cluster.redis.kill();
  const gate = await cluster.addGate();
  const early = await Player.seated(gate.port, 1);
  assert.deepEqual(await early.hear(), ["Error 114 try again"]);
  await cluster.redis.start();
  await seatedAtLast(early, {});
});

test("[cluster][P6] a server that drains is offered no new room; gone, it has no lease, and a record only while it owns rooms", async (t) => {
  const cluster = await Cluster.open(t, { servers: 2, gates: 1 });
  if (cluster === undefined) return;
  const [leaving, staying] = cluster.servers;
  assert.ok(leaving !== undefined && staying !== undefined);
  leaving.signal("SIGTERM");
  await leaving.exited;
  assert.equal(await cluster.redis.ask("HLEN", "{croupier}:servers"), 1);
  cluster.servers = [staying];
  for (let user = 1; user <= 3; user++) {
    const player = await Player.seated(cluster.door(0), user, { room_id: String(user) });
    await player.hearUntil("Scene");
  }
  staying.signal("SIGTERM");
  await staying.logged("drain start");
  const records = async (): Promise<string[]> => (await cluster.redis.ask("HVALS", "{croupier}:servers")) as string[];
  while (!(await records()).every((record) => record.includes('"isDraining":true'))) await sleep(10);
  const late = await Player.seated(cluster.door(0), 9, { room_id: "9" });
  assert.match(String(await late.hear()), /^Error 110 draining/);
});

test("[cluster][P8] behind a sentinel the primary dies: who plays plays on, and new rooms are opened at its replica", async (t) => {
  const group = await watched(t, { replicas: 1 });
  if (group === undefined) return;
  const cluster = await Cluster.open(t, { servers: 1, gates: 1, env: { REDIS_URL: group.url } });
  if (cluster === undefined) return;
  const player = await Player.seated(cluster.door(0), 1, { room_id: "1" });
  await player.hearUntil("Scene");
  await group.primary.kill();
  player.shake(6);
  await player.hearUntil("Shake");
  await seatedAtLast(await Player.connect(cluster.door(0), 2), { room_id: "2" }, 10_000);
  assert.equal(await cluster.sum("croupier_directory_conflicts_total"), 0);
});

test("[cluster] wrong settings of Redis are alarms, and stop nothing", async (t) => {
  const settings = { "maxmemory-policy": "allkeys-lru", appendfsync: "everysec" };
  const cluster = await Cluster.open(t, { servers: 1, gates: 1, redis: { settings } });
  if (cluster === undefined) return;
  const alarms = async (): Promise<string[]> =>
    cluster.servers.flatMap(({ lines }) => lines.filter((line) => line.includes('"redis alarm"')));
  while ((await alarms()).length < 2) await sleep(20);
  assert.match((await alarms()).join(), /maxmemory-policy is allkeys-lru and must be noeviction/);
  assert.match((await alarms()).join(), /appendfsync is everysec and must be always/);
  const player = await Player.seated(cluster.door(0), 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[cluster] no password of REDIS_URL is in a log, right or wrong", async (t) => {
  const password = "hush-nobody-may-read-this";
  const cluster = await Cluster.open(t, {
    servers: 1,
    gates: 1,
    redis: { settings: { requirepass: password } },
    env: { LOG_LEVEL: "trace" },
  });
  if (cluster === undefined) return;
  const wrong = await cluster.addGate({ REDIS_URL: `redis://:${password}wrong@127.0.0.1:${cluster.redis.port}` });
  await wrong.logged("redis failure");
  await cluster.redis.kill();
  await cluster.gates[0]?.logged("redis down");
  for (const server of [...cluster.servers, ...cluster.gates]) assert.ok(!`${server.lines.join()}${server.errors}`.includes(password));
});

test("[cluster] a Redis that does not know AUTH quotes the password, and no log does", async (t) => {
  const password = "hush-nobody-may-read-this";
  const redis = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(`-ERR unknown command 'AUTH', with args beginning with: 'default' '${password}' \r\n`));
  });
  redis.listen(0, "127.0.0.1");
  await once(redis, "listening");
  t.after(() => redis.close());
  const { port } = redis.address() as AddressInfo;
  const run = Server.launch(t, "gate_server/main.ts", { REDIS_URL: `redis://:${password}@127.0.0.1:${port}`, LOG_LEVEL: "trace" });
  const line = await run.until(says("redis failure"));
  assert.match(line, /unknown command/);
  assert.ok(!run.text.includes(password));
  run.child.kill("SIGKILL");
  await run.exited;
});

for (const [env, sentence] of [
  [{ FLEET: "redis" }, /^croupier: FLEET=redis needs REDIS_URL\.\n$/],
  [{ FLEET: "kubernetes" }, /^croupier: FLEET=kubernetes needs REDIS_URL\.\n$/],
  [{ FLEET: "kubernetes", REDIS_URL: "redis://127.0.0.1:1" }, /^croupier: FLEET=kubernetes needs the token of a service account/],
  [
    { FLEET: "kubernetes", REDIS_URL: "redis://127.0.0.1:1", KUBECONFIG: "/nowhere" },
    /^croupier: KUBECONFIG names no file that can be read\.\n$/,
  ],
  [
    { FLEET_SERVICES: "dice,No_Service" },
    /^croupier: FLEET_SERVICES must be a list of Services such as dice, and "No_Service" is none\.\n$/,
  ],
  [{ FLEET: "etcd" }, /^croupier: FLEET must be one of static, redis/],
  [{ REDIS_URL: "secret@nowhere" }, /^croupier: REDIS_URL must be such as redis:\/\/host:6379/],
  [{ REDIS_URL: "http://:secret@host:1" }, /^croupier: REDIS_URL must be such as redis:\/\/host:6379/],
  [{ REDIS_URL: "redis-sentinel://:secret@host" }, /^croupier: REDIS_URL must be such as redis-sentinel:\/\/host:26379/],
  [{ REDIS_URL: "redis-cluster://:secret@host/1" }, /^croupier: REDIS_URL must be such as redis-cluster:\/\/host:6379/],
  [{ REDIS_URL: "redis://host", ADVERTISE: "a:b:c" }, /^croupier: ADVERTISE must be a host, or host:port/],
] as const) {
  test(`[start] ${JSON.stringify(env)} stops the start with one sentence and 78`, async (t) => {
    for (const file of ["gate_server/main.ts", "game_server/main.ts"]) {
      const run = start(t, [file], { PORT: "0", ADMIN_PORT: "0", JOURNAL: "memory", ...env });
      assert.deepEqual(await run.exited, { code: 78, signal: null });
      assert.match(run.errors, sentence);
      assert.ok(!run.errors.includes("secret"), run.errors);
    }
  });
}

test("[cluster] FLEET=static wins over REDIS_URL", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 0, env: { FLEET: "static" } });
  if (cluster === undefined) return;
  assert.equal(await metricOf(cluster.servers[0] as NonNullable<(typeof cluster.servers)[0]>, "croupier_rooms"), 0);
  assert.equal(await cluster.redis.ask("EXISTS", "{croupier}:servers"), 0);
});

test("[cluster][P1] a server without Redis for half of ABANDON_AFTER stops its rooms; its successor asks Redis before it plays", async (t) => {
  const rolled = await rolledOnce(t, { ABANDON_AFTER: "8s" });
  if (rolled === undefined) return;
  const { cluster, folder, server, player } = rolled;
  await cluster.redis.kill();
  await server.logged("lease lapse");
  assert.deepEqual(await server.exited, { code: 1, signal: null });

  const successor = cluster.addServer({ DATA_DIR: folder, PORT: String(server.port) });
  const isStarted = await Promise.race([successor.then(() => true), sleep(2000).then(() => false)]);
  assert.equal(isStarted, false, "it waits");
  await cluster.redis.start();
  await successor;
  player.shake(6);
  const heard = await player.hearUntil("Error 10001");
  assert.deepEqual(
    heard.filter((line) => line.startsWith("Disconnect")),
    [],
    "the gate has held him: nobody else took the room",
  );
});

test("[cluster][P8] a server without rooms is none the worse for a Redis that was away for long", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 1, env: { ABANDON_AFTER: "4s" } });
  if (cluster === undefined) return;
  await cluster.redis.kill();
  await sleep(4000);
  await cluster.redis.start();
  await seatedAtLast(await Player.connect(cluster.door(0), 1), {});
});
