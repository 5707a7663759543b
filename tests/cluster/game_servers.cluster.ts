/**
 * Game servers leave under load in every planned way but a release: a pod is deleted, pods are evicted against their
 * PodDisruptionBudget, all are restarted, there are more of them and fewer. Nobody reconnects.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isFull, sleep, until } from "#tests/faults/measure.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { disturb } from "./disturb.ts";
import { Namespace, type Pod } from "./namespace.ts";
import { Players } from "./players.ts";

const times = isFull ? 3 : 1;
/** Game servers tell gates how many rooms they have at most so often. */
const statusMs = 100;
const backWithinMs = 60_000;
/** Users and rooms that nobody else has. */
let nextNew = 2_000_000;

test("[F16][P5] game servers are deleted, evicted, restarted, scaled up and down: nobody reconnects, and no room is lost", {
  timeout: 300_000 + times * 180_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "servers" });
  const { kubectl } = namespace;
  const players = await Players.seat(t, namespace, { seed: 7 });
  for (let at = 0; at < times; at++) {
    await disturb(t, players, "game server: pod deletion", async () => {
      await kubectl.run("delete", "pod", `dice-${at % 2}`);
      await allReady(namespace, 2);
    });
    await disturb(t, players, "game servers: eviction of both", () => evictBoth(t, namespace));
    await disturb(t, players, "game servers: rollout restart", async () => {
      await kubectl.run("rollout", "restart", "statefulset", "dice");
      await kubectl.run("rollout", "status", "statefulset", "dice");
    });
    await disturb(t, players, "game servers: scale 2 to 3", () => scale(namespace, 3));
    t.diagnostic(`game servers: the third one is given a new room after ${(await untilGiven(t, namespace, "dice-2")).toFixed(0)} ms`);
    await disturb(t, players, "game servers: scale 3 to 1", () => scale(namespace, 1));
    assert.equal(new Set((await namespace.lives()).map(({ owner }) => owner)).size, 1, "all rooms are on one server");
    await disturb(t, players, "game servers: scale 1 to 2", () => scale(namespace, 2));
  }
  const noticed = await players.end();
  t.diagnostic(noticed.line(`game servers: ${times} × pod deletion, eviction of both, rollout restart, scale up and down`));
  noticed.assertUnharmed();
  noticed.assertPrompt();
});

/** As `kubectl drain` does: one after another, because the second one is refused until the first one is back. */
async function evictBoth(t: TestContext, namespace: Namespace): Promise<void> {
  await evict(t, namespace, "dice-0");
  await assert.rejects(evict(t, namespace, "dice-1"), /TooManyRequests|disruption budget/);
  await until("the first one's successor", () => isAllowed(evict(t, namespace, "dice-1")), backWithinMs);
  await allReady(namespace, 2);
}

function isAllowed(eviction: Promise<void>): Promise<boolean> {
  return eviction.then(
    () => true,
    () => false,
  );
}

async function evict(t: TestContext, { name, kubectl }: Namespace, pod: string): Promise<void> {
  const file = join(dataFolder(t), "eviction.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace: name } }));
  await kubectl.run("create", "--raw", `/api/v1/namespaces/${name}/pods/${pod}/eviction`, "--filename", file);
}

async function scale(namespace: Namespace, replicas: number): Promise<void> {
  await namespace.kubectl.run("scale", "statefulset", "dice", "--replicas", String(replicas));
  await allReady(namespace, replicas);
}

async function allReady(namespace: Namespace, count: number): Promise<void> {
  await until(`${count} game servers`, async () => areReady(await namespace.pods("game=dice"), count), backWithinMs);
}

function areReady(pods: readonly Pod[], count: number): boolean {
  return pods.length === count && pods.every(({ metadata, status }) => metadata.deletionTimestamp === undefined && isReady(status));
}

function isReady({ containerStatuses }: Pod["status"]): boolean {
  return containerStatuses?.every(({ ready }) => ready) ?? false;
}

/** Opens rooms until the pod is given one; gives how long it took, milliseconds. */
async function untilGiven(t: TestContext, { entrance, logs }: Namespace, pod: string): Promise<number> {
  const startMs = performance.now();
  const players: Player[] = [];
  await until(`a room on ${pod}`, async () => {
    const user = nextNew++;
    const player = await Player.seated(entrance, user, { room_id: String(user), mode: "create" });
    t.after(() => player.drop());
    players.push(player);
    await player.hearUntil("Scene");
    await sleep(statusMs);
    const last = logs.of("game").findLast((log) => log.pod === pod);
    return players.some((each) => last?.said("room open").some((said) => said["room.id"] === String(each.user)));
  });
  for (const player of players) await player.close();
  return performance.now() - startMs;
}
