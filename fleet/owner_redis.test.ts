/** What a game server does in Redis besides what every directory does: lease, renewal, generation, replicas. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connected, RedisOwnerAtHand, unconnected } from "#tests/support/directory_kinds.ts";
import { life } from "#tests/support/lives.ts";
import { LogLines } from "#tests/support/log_lines.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { until } from "#tests/support/until.ts";
import type { Announcement } from "./directory.ts";
import { RedisDirectory } from "./directory_redis.ts";
import type { Redis } from "./redis.ts";
import { scripts } from "./redis_scripts.ts";

const claimed = { is: "claimed" };

interface OneRedis {
  server: RedisServer;
  redis: Redis;
  gate: RedisDirectory;
}

/** The same rule, with a Redis of its own. */
function withRedis(name: string, check: (one: OneRedis, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    const server = await RedisServer.start(t);
    if (server === undefined) return;
    const redis = await connected(t, server);
    await check({ server, redis, gate: new RedisDirectory(redis) }, t);
  });
}

function key(name: string): string {
  return `{croupier}:${name}`;
}

withRedis(
  "[cluster][P8] what was told and lost is healed by the next renewal, and then nothing is told again",
  async ({ redis, gate, server }, t) => {
    const at = new RedisOwnerAtHand(t, redis, "A");
    const [kept, over] = [life("1"), life("2")];
    await at.owner.claim(kept, 7);
    await at.owner.claim(over, 8);
    at.owns = [{ life: kept, users: [7] }]; // the end of the other life was never told
    at.owner.join(60_001);
    await until(async () => (await gate.where(over.life)) === undefined);
    const { announcements } = at;
    for (let times = 0; times < 3; times++) {
      at.owner.changed();
      await sleep(50);
    }
    assert.equal(at.announcements, announcements, "the directory agrees: it is not told again");
    await server.ask("HDEL", key("users"), "7"); // Redis has lost a write
    await server.ask("SREM", key("seats:A"), "7");
    at.owner.changed();
    await until(async () => (await gate.find(7, "dice", undefined)).place !== undefined);
    await at.owner.leave();
  },
);

test("[cluster][P8] who joins before Redis answers is shown as soon as it does, and need not wait for the next renewal", async (t) => {
  const server = await RedisServer.start(t);
  if (server === undefined) return;
  const gate = await connected(t, server);
  const redis = unconnected(t, server);
  const at = new RedisOwnerAtHand(t, redis, "A");
  at.owner.join(60_001);
  const startMs = performance.now();
  await until(async () => (await gate.run(scripts.fleet)).values.length > 0);
  assert.ok(performance.now() - startMs < 2000); // renewals are 3 s apart
});

withRedis("[cluster] no announcement takes out a claim that is under way", async ({ redis, gate }, t) => {
  const at = new RedisOwnerAtHand(t, redis, "A");
  at.owner.join(60_001);
  const lives = Array.from({ length: 300 }, (_, index) => life(String(index)));
  for (const [index, one] of lives.entries()) {
    void at.owner.claim(one, index + 1).then(() => {
      at.owns = [...at.owns, { life: one, users: [index + 1] }];
    });
    if (index % 20 === 0) {
      redis.onForgot(); // meets the directory at once
      await sleep(1);
    }
  }
  await until(() => at.owns.length === lives.length);
  for (const one of lives) assert.deepEqual((await gate.where(one.life))?.life, one);
});

withRedis("[P1] of one life the higher epoch wins, and a late end of the lower one ends nothing", async ({ redis, gate }, t) => {
  const [from, to] = [new RedisOwnerAtHand(t, redis, "A"), new RedisOwnerAtHand(t, redis, "B")];
  const before = life("1", "A");
  const after = { ...before, owner: "B", epoch: 2 };
  await from.owner.claim(before, 7);
  assert.deepEqual(await to.announce([{ life: after, users: [7] }]), { lives: [], users: [], moved: [] });
  from.owner.release(before.life, 7);
  from.owner.end(before);
  assert.deepEqual(await gate.find(7, "dice", "1"), { place: after, room: after });
  assert.deepEqual(
    (await from.announce([{ life: before, users: [7] }])).moved,
    [before],
    "the owner of the lower epoch hears that it has lost",
  );
  assert.deepEqual((await gate.where(before.life))?.life, after);
  assert.deepEqual(await from.owner.claim(before, 8), { is: "name taken", holder: after });
});

withRedis("[P8] a Redis that forgot gets one new generation, whoever comes first, and learns for 15 s", async ({ redis, server }, t) => {
  const log = new LogLines();
  const others = await Promise.all([connected(t, server, log), connected(t, server, log), connected(t, server, log)]);
  const all = [redis, ...others];
  const told = all.map(() => 0);
  for (const [at, one] of all.entries()) {
    await one.run(scripts.fleet);
    one.onForgot = () => {
      told[at] = (told[at] ?? 0) + 1;
    };
  }
  await server.ask("FLUSHALL");
  for (let times = 0; times < 3; times++) await Promise.all(all.map((one) => one.run(scripts.fleet)));
  assert.deepEqual(told, [1, 1, 1, 1]);
  const leftMs = Number(await server.ask("PTTL", key("learning")));
  assert.ok(leftMs > 10_000 && leftMs <= 15_000, String(leftMs));
  assert.match(String((await log.logged("directory forgot"))["event.reason"]), /lost its memory/);
});

withRedis("[P8] another Redis at the same port, with a memory of its own, is one that forgot", async ({ redis, server, gate }, t) => {
  const at = new RedisOwnerAtHand(t, redis, "A");
  const one = life("1");
  await at.owner.claim(one, 7);
  at.owns = [{ life: one, users: [7] }];
  at.owner.join(60_001);
  await until(() => at.announcements > 0);
  await server.ask("FLUSHALL");
  await server.ask("SET", key("generation"), "another");
  await assert.rejects(gate.find(9, "dice", "1"), { desc: "try again" });
  await until(async () => (await server.ask("HGET", key("users"), "7")) === one.life);
  assert.notEqual(await server.ask("GET", key("generation")), "another");
});

withRedis(
  "[cluster] a server whose rooms died with its process is forgotten when another one has its address",
  async ({ redis, gate, server }, t) => {
    const [dead, heir] = [new RedisOwnerAtHand(t, redis, "A"), new RedisOwnerAtHand(t, redis, "B")];
    dead.isDurable = false;
    const one = life("1");
    await dead.owner.claim(one, 7);
    dead.owns = [{ life: one, users: [7] }];
    dead.owner.join(60_001);
    await until(async () => (await server.ask("HEXISTS", key("servers"), "A")) === 1);
    heir.owner.join(60_001);
    await until(async () => (await server.ask("HEXISTS", key("servers"), "B")) === 1);
    assert.deepEqual((await gate.find(7, "dice", "1")).place, one, "it has a lease");
    await dead.owner.leave();
  },
);

test("[cluster] a server that leaves gives its lease back, and its record stays while it owns rooms", async (t) => {
  const server = await RedisServer.start(t);
  if (server === undefined) return;
  for (const owns of [[], [{ life: life("1"), users: [7] }]] as Announcement[]) {
    const at = new RedisOwnerAtHand(t, await connected(t, server), "A");
    at.owns = owns;
    at.owner.join(60_001);
    await until(
      async () => (await server.ask("SCARD", key("owns:A"))) === owns.length && (await server.ask("EXISTS", key("lease:A"))) === 1,
    );
    await at.owner.leave();
    assert.equal(await server.ask("EXISTS", key("lease:A")), 0);
    assert.equal(await server.ask("HEXISTS", key("servers"), "A"), owns.length);
  }
});

test("[cluster] with a replica a new life is acknowledged by it first; when it does not, the sit is told to try again", async (t) => {
  const primary = await RedisServer.start(t);
  const replica = primary && (await RedisServer.start(t, { settings: { replicaof: `127.0.0.1 ${primary.port}` }, isNew: true }));
  if (primary === undefined || replica === undefined) return;
  await until(async () => String(await primary.ask("INFO", "replication")).includes("state=online"));
  const redis = await connected(t, primary);
  const at = new RedisOwnerAtHand(t, redis, "A");
  await until(() => redis.needsReplicas);
  assert.deepEqual(await at.owner.claim(life("1"), 7), claimed);
  replica.signal("SIGSTOP");
  await assert.rejects(at.owner.claim(life("2"), 8), { desc: "try again" });
  replica.signal("SIGCONT");
  await until(async () => {
    const claim = await at.owner.claim(life("3"), 9).catch(() => undefined);
    return claim?.is === "claimed";
  });
});

test("[cluster] a replica, and a Redis that does not let us look, are alarms", async (t) => {
  const primary = await RedisServer.start(t);
  if (primary === undefined) return;
  const replica = await RedisServer.start(t, { settings: { replicaof: `127.0.0.1 ${primary.port}` }, isNew: true });
  if (replica === undefined) return;
  const log = new LogLines();
  await connected(t, replica, log);
  assert.match(String((await log.logged("redis alarm"))["event.reason"]), /^Redis is a slave: the directory needs the primary/);

  await primary.ask("ACL", "SETUSER", "croupier", "on", ">pass", "~*", "+@all", "-config");
  log.clear();
  const redis = await connected(t, { url: `redis://croupier:pass@127.0.0.1:${primary.port}` }, log);
  await until(() => log.of("redis alarm").length === 3);
  for (const { "event.reason": reason } of log.of("redis alarm"))
    assert.match(String(reason), /^CONFIG is not permitted: \S+ could not be checked/);
  assert.equal((await redis.run(scripts.fleet)).is, "fleet");
});

withRedis("[P1] a giver keeps a room whose taker has no lease any more; then a late move is lost", async ({ redis, gate, server }, t) => {
  const [from, to] = [new RedisOwnerAtHand(t, redis, "A"), new RedisOwnerAtHand(t, redis, "B")];
  const one = life("1", "A");
  await from.owner.claim(one, 7);
  await server.ask("SET", key("lease:B"), "1");
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "unknown", "it may still answer");
  await server.ask("DEL", key("lease:B"));
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "kept");
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "kept", "asked twice");
  assert.equal(await from.owner.move(one, { ...one, owner: "B", epoch: 2 }, "o1"), "lost");
  assert.deepEqual((await gate.where(one.life))?.life, { ...one, epoch: 3 });
  assert.equal(await to.owner.keep(one, { ...one, owner: "B", epoch: 4 }, "C"), "moved", "it is another's since");
});

withRedis("[P1] a giver does not keep what has been moved, nor what Redis has forgotten", async ({ redis, server }, t) => {
  const from = new RedisOwnerAtHand(t, redis, "A");
  const one = life("1", "A");
  await from.owner.claim(one, 7);
  await from.owner.move(one, { ...one, owner: "B", epoch: 2 }, "o1");
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "moved");
  await server.ask("FLUSHALL");
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "unknown");
});

withRedis("[P1] with replicas only the taker can say", async ({ redis }, t) => {
  const from = new RedisOwnerAtHand(t, redis, "A");
  const one = life("1", "A");
  await from.owner.claim(one, 7);
  redis.needsReplicas = true;
  assert.equal(await from.owner.keep(one, { ...one, epoch: 3 }, "B"), "unknown");
});

withRedis("[directory] a server with a lease is not gone: nobody abandons it", async ({ redis, gate, server }, t) => {
  const at = new RedisOwnerAtHand(t, redis, "A");
  const one = life("1", "A");
  await at.owner.claim(one, 7);
  at.owns = [{ life: one, users: [7] }];
  at.owner.join(60_001);
  await until(async () => (await gate.abandon("A")) === undefined);
  await server.ask("DEL", key("lease:A"));
  assert.equal(await gate.abandon("A"), 1);
});

withRedis("[P7][P8] what has left is told in parts too, so that no script holds up everybody", async ({ redis, gate }, t) => {
  const at = new RedisOwnerAtHand(t, redis, "A");
  const left = Array.from({ length: 1201 }, (_, index) => life(String(index + 1), "A"));
  await Promise.all(left.map((one) => at.owner.claim(one, Number(one.room))));
  const sizes: number[] = [];
  const run = redis.run.bind(redis);
  redis.run = (script, ...args) => {
    if (script === scripts.announce) sizes.push((JSON.parse(args[3] ?? "") as unknown[]).length);
    return run(script, ...args);
  };
  const unsettled = left.map(({ life: id }, index) => ({ life: id, owner: index === 0 ? "" : "B", epoch: index === 0 ? 0 : 2 }));
  assert.deepEqual(await at.announce([], unsettled), { lives: [], users: [], moved: [] });
  assert.deepEqual([sizes.length, Math.max(...sizes) <= 501], [3, true], sizes.join());
  const owners = await Promise.all([0, 1, 1200].map(async (index) => (await gate.where(left[index]?.life ?? ""))?.life.owner));
  assert.deepEqual(owners, ["A", "B", "B"], "none is ended, and whose they are since is known");
});

withRedis(
  "[P1][P8] a giver that comes back after its taker has given the life on, and is gone, learns that it has lost it",
  async ({ redis, gate }, t) => {
    const [from, taker, last] = ["A", "B", "C"].map((id) => new RedisOwnerAtHand(t, redis, id));
    assert.ok(from && taker && last);
    const before = life("1", "A");
    const [there, on] = [
      { ...before, owner: "B", epoch: 2 },
      { ...before, owner: "C", epoch: 3 },
    ];
    await from.owner.claim(before, 7);
    assert.equal(await from.owner.move(before, there, "f1"), "moved");
    assert.equal(await taker.owner.move(there, on, "f2"), "moved");
    assert.equal(await from.owner.keep(before, { ...before, epoch: 3 }, "B"), "moved");
    assert.deepEqual((await gate.where(before.life))?.life, on);
  },
);
