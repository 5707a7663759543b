/**
 * F15 on the cluster: Redis is deleted, killed and frozen under load; while it is frozen a game server's process dies and comes
 * back, and a gate starts. Rooms in play are unharmed, and all heals by itself.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isFull, patience, sleep } from "#tests/faults/measure.ts";
import { disturb } from "./disturb.ts";
import { Namespace, type Pod } from "./namespace.ts";
import { askForRoom, untilRoom } from "./new_room.ts";
import { Frozen, killContainer } from "./node.ts";
import { Players } from "./players.ts";

const awayMs = isFull ? 300_000 : 45_000;
const healedWithinMs = 35_000;

test(`[F15][P8] Redis is deleted, killed, and frozen for ${awayMs / 1000} s: rooms in play are unharmed, and all heals`, {
  timeout: awayMs + 400_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f15-redis" });
  const players = await Players.seat(t, namespace, { seed: 15 });
  await heals(t, namespace, players, "Redis: pod deletion", () => namespace.kubectl.run("delete", "pod", "redis-0"));
  await heals(t, namespace, players, "Redis: kill -9", async () => killContainer(await redisOf(namespace)));
  await heals(t, namespace, players, `Redis: frozen ${awayMs / 1000} s`, () => freeze(t, namespace));
  await namespace.ready();
  const noticed = await players.end();
  t.diagnostic(noticed.line("F15 Redis deleted, killed, frozen"));
  noticed.assertUnharmed();
});

/** Does something to Redis, until it is back. */
async function heals(t: TestContext, namespace: Namespace, players: Players, what: string, act: () => Promise<unknown>): Promise<void> {
  const { result: healedMs } = await disturb(t, players, what, async () => {
    await act();
    return untilRoom(t, namespace);
  });
  t.diagnostic(`${what}: a new room ${healedMs.toFixed(0)} ms after its return`);
  assert.ok(healedMs <= healedWithinMs * patience, `${healedMs} ms`);
}

/** As long as it takes; meanwhile a game server dies and a gate starts. */
async function freeze(t: TestContext, namespace: Namespace): Promise<void> {
  const [server] = await namespace.pods("game=dice");
  assert.ok(server !== undefined);
  const frozen = new Frozen(t);
  frozen.freezeInPod(await redisOf(namespace), "redis-server");
  const thawedMs = performance.now() + awayMs;
  await sleep(awayMs / 4);
  killContainer(server);
  await namespace.kubectl.run("scale", "deployment", "gate", "--replicas", "3");
  t.diagnostic(`Redis is frozen: a new room is answered "${await askForRoom(t, namespace)}"`);
  await sleep(thawedMs - performance.now());
  frozen.thaw();
}

async function redisOf(namespace: Namespace): Promise<Pod> {
  const [pod] = await namespace.pods("app=redis");
  assert.ok(pod !== undefined);
  return pod;
}
