/** The fleet in Redis: servers show themselves; and what every kind of fleet must do. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { connected, RedisOwnerAtHand } from "#tests/support/directory_kinds.ts";
import { EndpointsApi } from "#tests/support/endpoints_api.ts";
import { life } from "#tests/support/lives.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { until } from "#tests/support/until.ts";
import { addressOf } from "./address.ts";
import { type Fleet, fixedFleet } from "./fleet.ts";
import { KubernetesFleet } from "./fleet_kubernetes.ts";
import { RedisFleet } from "./fleet_redis.ts";
import { StaticFleet } from "./fleet_static.ts";
import { ReadyEndpoints } from "./ready_endpoints.ts";

/** One server with journal "A", which deals dice at 127.0.0.1:60001. */
const kinds: Readonly<Record<string, (t: TestContext) => Promise<Fleet | undefined>>> = {
  fixed: async () => fixedFleet(["dice"], ["127.0.0.1:60001"]),
  static: async () =>
    new StaticFleet([{ game: "dice", host: "a", port: 60_001 }], {
      clock: systemClock,
      log: silentLog,
      resolve: async () => ["127.0.0.1"],
    }),
  redis: async (t) => {
    const server = await RedisServer.start(t);
    if (server === undefined) return undefined;
    await joined(t, server, "A", 60_001);
    return new RedisFleet(await connected(t, server), systemClock);
  },
  kubernetes: async (t) => {
    const server = await RedisServer.start(t);
    if (server === undefined) return undefined;
    await joined(t, server, "A", 60_001);
    const api = await EndpointsApi.open(t);
    api.put("dice-1", [{ address: "127.0.0.1", ready: true }]);
    return new KubernetesFleet(new RedisFleet(await connected(t, server), systemClock), endpointsOf(api));
  },
};

function endpointsOf({ config }: EndpointsApi): ReadyEndpoints {
  return new ReadyEndpoints({ config, services: ["dice"], clock: systemClock, entropy: systemEntropy, log: silentLog });
}

async function joined(t: TestContext, server: RedisServer, id: string, port: number): Promise<RedisOwnerAtHand> {
  const at = new RedisOwnerAtHand(t, await connected(t, server), id);
  at.owner.join(port);
  await until(async () => (await server.ask("EXISTS", `{croupier}:lease:${id}`)) === 1);
  return at;
}

for (const [kind, open] of Object.entries(kinds)) {
  test(`[fleet] a server that is there is known, dialled and offered new rooms; stopped, nothing is looked at (${kind})`, async (t) => {
    const fleet = await open(t);
    if (fleet === undefined) return;
    t.after(() => fleet.stop());
    let changes = 0;
    fleet.watch(() => {
      changes += 1;
    });
    await until(() => fleet.isKnown);
    assert.deepEqual([...fleet.addresses], ["127.0.0.1:60001"]);
    assert.deepEqual([...fleet.games], ["dice"]);
    await until(() => fleet.isUp && fleet.isOffered("A"));
    fleet.stop();
    assert.equal(changes, 1);
  });
}

test("[fleet] who leaves a Service, or is not ready, is offered nothing, and its address stays (kubernetes)", async (t) => {
  const server = await RedisServer.start(t);
  if (server === undefined) return;
  await joined(t, server, "A", 60_001);
  const api = await EndpointsApi.open(t);
  const fleet = new KubernetesFleet(new RedisFleet(await connected(t, server), systemClock), endpointsOf(api));
  let changes = 0;
  fleet.watch(() => {
    changes += 1;
  });
  t.after(() => fleet.stop());
  await until(() => fleet.isUp && fleet.isKnown);
  assert.equal(fleet.isOffered("A"), false, "shown in Redis, and in no Service");
  api.put("dice-1", [{ address: "127.0.0.1", ready: true }]);
  await until(() => fleet.isOffered("A"));
  api.put("dice-1", [{ address: "127.0.0.1", ready: false }]);
  await until(() => !fleet.isOffered("A"));
  api.put("dice-1", [{ address: "127.0.0.1", ready: true }]);
  await until(() => fleet.isOffered("A"));
  api.delete("dice-1");
  await until(() => !fleet.isOffered("A"));
  assert.deepEqual([...fleet.addresses], ["127.0.0.1:60001"]);
  assert.equal(changes, 1, "no link is made or lost for it");
});

test("[fleet] servers come and go; an address stays without a lease, a draining server is offered nothing (redis)", async (t) => {
  const server = await RedisServer.start(t);
  if (server === undefined) return;
  const one = await joined(t, server, "A", 60_001);
  const fleet = new RedisFleet(await connected(t, server), systemClock);
  const heard: string[] = [];
  fleet.watch(() => heard.push([...fleet.addresses].toSorted().join()));
  t.after(() => fleet.stop());
  await until(() => fleet.isOffered("A"));
  one.isDraining = true;
  one.owner.changed();
  await until(() => !fleet.isOffered("A"));
  const two = await joined(t, server, "B", 60_002);
  await until(() => fleet.isOffered("B"));
  two.owns = [{ life: life("1", "B"), users: [] }];
  two.owner.changed();
  await until(async () => (await server.ask("SCARD", "{croupier}:owns:B")) === 1);
  await two.owner.leave();
  await until(() => !fleet.isOffered("B"));
  await one.owner.leave();
  await until(() => fleet.addresses.size === 1);
  assert.deepEqual(heard, ["127.0.0.1:60001", "127.0.0.1:60001,127.0.0.1:60002", "127.0.0.1:60002"], "B still owns a room");
});

test("[fleet] while Redis is away, and while it has forgotten, the games are what they were (redis)", async (t) => {
  const server = await RedisServer.start(t);
  if (server === undefined) return;
  const one = await joined(t, server, "A", 60_001);
  const fleet = new RedisFleet(await connected(t, server), systemClock);
  fleet.watch(() => {});
  t.after(() => fleet.stop());
  await until(() => fleet.isKnown);
  await server.kill();
  await sleep(1500);
  assert.deepEqual([fleet.isOffered("A"), fleet.addresses.size, fleet.games.size], [true, 1, 1]);
  await server.start();
  await one.owner.leave();
  await server.ask("FLUSHALL");
  await until(() => fleet.addresses.size === 0);
  assert.deepEqual([fleet.isKnown, fleet.games.size], [true, 1]);
});

test("[fleet] the address a server shows: ADVERTISE, else HOST, else one of this machine's", () => {
  const advertise = { host: "game.example", port: undefined };
  for (const [pod, address] of [
    ["10.0.0.1", "10.0.0.1"],
    ["fd00::1", "[fd00::1]"],
    ["[fd00::1]", "[fd00::1]"],
  ] as const)
    assert.equal(addressOf(readSettings({ ADVERTISE: pod }), 60_001), `${address}:60001`);
  assert.equal(addressOf({ advertise, host: "10.0.0.1" }, 7), "game.example:7");
  assert.equal(addressOf({ advertise: { ...advertise, port: 9 }, host: "" }, 7), "game.example:9");
  assert.equal(addressOf({ advertise: undefined, host: "10.0.0.1" }, 7), "10.0.0.1:7");
  assert.equal(addressOf({ advertise: undefined, host: "fd00::1" }, 7), "[fd00::1]:7");
  for (const host of ["", "::", "0.0.0.0"]) assert.match(addressOf({ advertise: undefined, host }, 7), /^(\[[0-9a-f:]+\]|[0-9.]+):7$/);
});
