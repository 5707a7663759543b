/** The primary is another one: behind sentinels, and in a cluster. With one address: owner_redis.test.ts. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ManualClock } from "#runtime/clock_manual.ts";
import { connected, RedisOwnerAtHand } from "#tests/support/directory_kinds.ts";
import { life } from "#tests/support/lives.ts";
import { LogLines } from "#tests/support/log_lines.ts";
import { clusterNodes, watched } from "#tests/support/redis_groups.ts";
import { refused } from "#tests/support/redis_refused.ts";
import { freePort, RedisServer } from "#tests/support/redis_server.ts";
import { until } from "#tests/support/until.ts";
import type { Life } from "./directory.ts";
import { RedisDirectory } from "./directory_redis.ts";
import type { Redis } from "./redis.ts";
import { scripts } from "./redis_scripts.ts";

const claimed = { is: "claimed" };

/** A directory with a life in it, and what must hold wherever the primary is afterwards. */
class Table {
  readonly log: LogLines;
  readonly redis: Redis;
  readonly gate: RedisDirectory;
  readonly at: RedisOwnerAtHand;
  readonly first: Life = life("1");

  private constructor(t: TestContext, redis: Redis, log: LogLines) {
    this.log = log;
    this.redis = redis;
    this.gate = new RedisDirectory(redis);
    this.at = new RedisOwnerAtHand(t, redis, "A");
  }

  static async open(t: TestContext, url: string): Promise<Table> {
    const log = new LogLines();
    const table = new Table(t, await connected(t, { url }, log), log);
    assert.deepEqual(await table.at.owner.claim(table.first, 7), claimed);
    return table;
  }

  /** By itself: nobody does anything but ask. */
  async answersAgain(): Promise<void> {
    await until(async () => (await this.gate.find(7, "dice", undefined).catch(() => undefined)) !== undefined);
    assert.deepEqual((await this.gate.find(7, "dice", "1")).place, this.first);
    let user = 7;
    await until(async () => {
      const claim = await this.at.owner.claim(life(String(++user)), user).catch(() => undefined);
      return claim?.is === "claimed";
    });
    assert.deepEqual(this.log.of("directory forgot"), []);
  }

  alarms(): string {
    return this.log
      .of("redis alarm")
      .map((fields) => fields["event.reason"])
      .join();
  }
}

test("[cluster][P8] sentinel: the primary is killed, and its replica knows the life and takes the next one", async (t) => {
  const group = await watched(t, { replicas: 1 });
  const [replica] = group?.replicas ?? [];
  if (group === undefined || replica === undefined) return;
  await replica.ask("CONFIG", "SET", "appendfsync", "everysec");
  const table = await Table.open(t, group.url);
  assert.equal(table.redis.needsReplicas, true, "the claim was confirmed by the replica");
  await group.primary.kill();
  await table.answersAgain();
  await until(() => !table.redis.needsReplicas);
  assert.equal(table.redis.failsOver, true, "what was lost in a failover may still be played by its taker");
  assert.match(table.alarms(), /^appendfsync is everysec/, "the new primary is looked at");
  assert.equal(await replica.ask("HEXISTS", "{croupier}:names", "dice/8"), 1);
});

test("[cluster][P8] sentinel: the primary falls silent, and is left; awake again it gets nobody back", async (t) => {
  const group = await watched(t, { replicas: 1 });
  if (group === undefined) return;
  const table = await Table.open(t, group.url);
  group.primary.signal("SIGSTOP");
  await table.answersAgain();
  group.primary.signal("SIGCONT");
  await sleep(2500); // looked after once more
  await table.answersAgain();
  assert.equal(table.log.of("redis up").length, 2);
});

test("[cluster][P8] sentinel: an operator's failover is followed, there and back", async (t) => {
  const group = await watched(t, { replicas: 1 });
  const [replica] = group?.replicas ?? [];
  if (group === undefined || replica === undefined) return;
  const table = await Table.open(t, group.url);
  const roleOf = async (server: RedisServer): Promise<unknown> => ((await server.ask("ROLE").catch(() => [])) as unknown[])[0]; // who is promoted cuts connections
  for (const next of [replica, group.primary]) {
    const hasBegun = async (): Promise<boolean> =>
      (await group.sentinel.ask("SENTINEL", "FAILOVER", "croupier-1").catch(() => "")) === "OK";
    await until(hasBegun);
    await until(async () => (await roleOf(next)) === "master");
    await table.answersAgain();
  }
});

test("[cluster][P8] sentinel: a primary that still answers is left when the sentinels have another one", async (t) => {
  const group = await watched(t);
  const heir = group && (await RedisServer.start(t));
  if (group === undefined || heir === undefined) return;
  const clock = new ManualClock();
  const log = new LogLines();
  const redis = await connected(t, group, log, clock);
  await redis.run(scripts.fleet);
  await group.sentinel.ask("SENTINEL", "REMOVE", "croupier-1");
  await clock.advance(2000);
  await redis.run(scripts.fleet);
  assert.deepEqual(log.of("redis down"), [], "no sentinel knows better");
  await group.sentinel.ask("SENTINEL", "MONITOR", "croupier-1", "127.0.0.1", String(heir.port), "1");
  await clock.advance(2000);
  await until(() => log.of("redis up").length === 2);
  assert.deepEqual(log.of("redis down"), [{ "event.reason": `the primary is ${heir.address} now` }]);
  await redis.run(scripts.fleet);
  assert.match(String(await heir.ask("INFO", "commandstats")), /cmdstat_evalsha:calls=1,/);
});

test("[cluster] sentinel: dead sentinels are passed over, sentinels may want the password too, and no log has it", async (t) => {
  const password = "hush-nobody-may-read-this";
  const group = await watched(t, { settings: { requirepass: password }, sentinelSettings: { requirepass: password } });
  if (group === undefined) return;
  const dead = await freePort();
  await Table.open(t, group.url.replace("@", `@127.0.0.1:${dead},`));
  for (const [url, reason] of [
    [group.url.replace(password, `${password}x`), /"WRONGPASS /],
    [group.url.replace("croupier-1", "another"), /"the sentinel at 127\.0\.0\.1:\d+ knows no another"/],
    [`redis-sentinel://:${password}@127.0.0.1:${dead}#croupier-1`, /"connect ECONNREFUSED 127\.0\.0\.1:\d+"/],
  ] as const) {
    const said = await refused(t, url);
    assert.match(said, reason);
    assert.ok(!said.includes(password), said);
  }
});

test("[cluster][P8] cluster: while our slot moves everyone hears try again; then its new node is found, and knows all", async (t) => {
  const nodes = await clusterNodes(t, 2);
  const [from, to] = nodes ?? [];
  if (from === undefined || to === undefined) return;
  const table = await Table.open(t, `redis-cluster://${to.address}`); // which has no slot: it says who has ours
  const [fromId, toId] = [String(await from.ask("CLUSTER", "MYID")), String(await to.ask("CLUSTER", "MYID"))];
  const slot = String(await from.ask("CLUSTER", "KEYSLOT", "{croupier}"));
  await to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
  await from.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
  const keys = (await from.ask("CLUSTER", "GETKEYSINSLOT", slot, "100")) as string[];
  assert.ok(keys.length > 3);
  for (const key of keys.toSorted()) {
    await assert.rejects(table.at.owner.claim(life("1"), 8), { desc: "try again" });
    await assert.rejects(table.gate.find(7, "dice", "1"), { desc: "try again" });
    await from.ask("MIGRATE", "127.0.0.1", String(to.port), key, "0", "1000");
  }
  for (const node of [to, from]) await node.ask("CLUSTER", "SETSLOT", slot, "NODE", toId);
  await table.answersAgain();
  assert.equal(await to.ask("HEXISTS", "{croupier}:names", "dice/8"), 1);
});

test("[cluster][P8] cluster: the primary of our slot is killed, and the replica that takes over is found without the URL's help", async (t) => {
  const nodes = await clusterNodes(t, 2);
  const [primary, replica] = nodes ?? [];
  if (primary === undefined || replica === undefined) return;
  await replica.ask("CLUSTER", "REPLICATE", String(await primary.ask("CLUSTER", "MYID")));
  await until(async () => String(await primary.ask("INFO", "replication")).includes("state=online"));
  const table = await Table.open(t, `redis-cluster://${primary.address}`);
  assert.equal(table.redis.needsReplicas, true, "the claim was confirmed by the replica");
  await primary.kill();
  await until(() => table.log.of("redis down").length > 0);
  assert.equal(await replica.ask("CLUSTER", "FAILOVER", "TAKEOVER"), "OK");
  await table.answersAgain();
  await until(() => !table.redis.needsReplicas);
});

test("[cluster][P8] cluster: while another slot is nobody's everyone hears try again, unless the cluster does without", async (t) => {
  const [node] = (await clusterNodes(t, 1)) ?? [];
  if (node === undefined) return;
  const table = await Table.open(t, `redis-cluster://${node.address}`);
  const slot = String((Number(await node.ask("CLUSTER", "KEYSLOT", "{croupier}")) + 1) % 16_384);
  await node.ask("CLUSTER", "DELSLOTS", slot);
  await assert.rejects(table.gate.find(7, "dice", "1"), { desc: "try again" });
  await until(() => /CLUSTERDOWN/.test(String(table.log.of("redis down")[0]?.["event.reason"])));
  await node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no");
  await table.answersAgain();
});
