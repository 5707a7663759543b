/**
 * F17: canaries by partition, good ones and bad ones, and `kubectl rollout undo`, while everybody plays. Pods are managed in
 * parallel, so an undo replaces what never got ready, too: nothing is deleted by hand.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { patience, sleep, until } from "#tests/faults/measure.ts";
import { type Image, images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";

/** So long an operator looks at a canary. */
const watchedMs = 10_000;
const undoneWithinMs = 30_000;
const statefulSet = "statefulsets/dice";

test("[F17] a canary takes its share of the new rooms and no old one; it is promoted, and undone: nobody notices", {
  timeout: 480_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f17" });
  const players = await Players.seat(t, namespace, { seed: 17 });
  const canaryMs = await players.during(() => setCanary(namespace, images.nextDealer));
  assert.deepEqual(await namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1.3" });
  await sleep(watchedMs);
  const [kept, taken] = [await namespace.rooms("dice-0"), await namespace.rooms("dice-1")];
  assert.deepEqual(
    taken.filter(({ game }) => game !== "ledger"),
    [],
    "no room that was open before is on the canary",
  );
  const promotedMs = await players.during(() => setPartition(namespace, 0));
  assert.deepEqual(await namespace.releases("game=dice"), { "dice-0": "1.3", "dice-1": "1.3" });
  const undoneMs = await players.during(() => undo(namespace));
  assert.deepEqual(await namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1" });
  const noticed = await players.end();
  t.diagnostic(noticed.line("F17 canary, promoted, undone"));
  t.diagnostic(
    `F17 canary after ${seconds(canaryMs)}, with ${taken.length} new rooms beside ${kept.length} old ones ${seconds(watchedMs)} later; promoted after ${seconds(promotedMs)}, undone after ${seconds(undoneMs)}`,
  );
  noticed.assertUnharmed();
  noticed.assertPrompt();
});

test("[F17] a canary that crashes: it gets no room, and an undo alone heals it", { timeout: 480_000 }, async (t) => {
  const { namespace, players } = await openWithBadCanary(t, images.crashes, "crashes");
  await until("a crash", async () => (await canaryOf(namespace)).restartCount > 1, 60_000);
  await endBadCanary(t, { namespace, players, what: "crashes" });
});

test("[F17] a canary that never gets ready: it gets no room, not even of a server that drains, and an undo alone heals it", {
  timeout: 480_000,
}, async (t) => {
  const { namespace, players } = await openWithBadCanary(t, images.neverReady, "never-ready");
  await until(
    "a canary that gates have linked",
    () => namespace.logs.of("game").some((log) => log.said("ready").some((said) => said["service.version"] === "v1.3-never-ready")),
    60_000,
  );
  await players.during(async () => {
    await namespace.croupier("dice-0", "drain", "start");
    await sleep(watchedMs);
    assert.deepEqual(await namespace.rooms("dice-1"), []);
    await namespace.croupier("dice-0", "drain", "undo");
  });
  await endBadCanary(t, { namespace, players, what: "never ready" });
});

test("[F17] a canary that cannot restore the rooms' state: promoted all the same, it gets no room; undone before the deadline nothing is lost", {
  timeout: 480_000,
}, async (t) => {
  const { namespace, players } = await openWithBadCanary(t, images.cannotRestore, "cannot-restore");
  await namespace.kubectl.run("rollout", "status", statefulSet, "--timeout=60s");
  const before = (await namespace.rooms("dice-0")).length;
  await namespace.kubectl.run("patch", statefulSet, "--patch", partition(0)); // dice-0 begins to leave, and has nowhere to go
  await players.during(() => sleep(watchedMs));
  assert.equal((await namespace.rooms("dice-0")).length, before);
  await endBadCanary(t, { namespace, players, what: "cannot restore" });
});

/** dice-1 is replaced by this image, as far as it comes. */
async function openWithBadCanary(t: TestContext, image: Image, version: string): Promise<{ namespace: Namespace; players: Players }> {
  const namespace = await Namespace.open(t, { name: `f17-${version}` });
  const players = await Players.seat(t, namespace, { seed: 18 });
  // Whoever opens a room from now on might open it where no other release can read it.
  if (image === images.cannotRestore) await players.crowd.settle();
  await players.during(async () => {
    await namespace.kubectl.run("patch", statefulSet, "--patch", partition(1));
    await namespace.kubectl.run("set", "image", statefulSet, `game=${image.name}`);
    await until("the canary", async () => (await canaryOf(namespace)).image.includes(version), 60_000);
    await sleep(watchedMs);
  });
  assert.deepEqual(await namespace.rooms("dice-1"), []);
  return { namespace, players };
}

async function endBadCanary(
  t: TestContext,
  { namespace, players, what }: { namespace: Namespace; players: Players; what: string },
): Promise<void> {
  const before = await namespace.rooms("dice-1");
  const undoneMs = await players.during(() => undo(namespace));
  assert.deepEqual(await namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1" });
  const noticed = await players.end(({ errors }) => !errors.includes("this release crashes"));
  t.diagnostic(noticed.line(`F17 canary that ${what}, undone`));
  t.diagnostic(`F17 canary that ${what}: ${before.length} rooms on it; undone after ${seconds(undoneMs)} by rollout undo alone`);
  assert.deepEqual(before, []);
  noticed.assertUnharmed();
  assert.ok(undoneMs <= undoneWithinMs * patience, `${undoneMs} ms`);
}

async function setCanary(namespace: Namespace, image: Image): Promise<number> {
  await namespace.kubectl.run("patch", statefulSet, "--patch", partition(1));
  return await namespace.setImage(statefulSet, "game", image);
}

function setPartition(namespace: Namespace, at: number): Promise<number> {
  return namespace.rollOut(statefulSet, "patch", statefulSet, "--patch", partition(at));
}

function undo(namespace: Namespace): Promise<number> {
  return namespace.rollOut(statefulSet, "rollout", "undo", statefulSet);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function partition(at: number): string {
  return JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition: at } } } });
}

async function canaryOf(namespace: Namespace): Promise<{ image: string; restartCount: number }> {
  const pod = (await namespace.pods("game=dice")).find(({ metadata }) => metadata.name === "dice-1");
  const { image = "", restartCount = 0 } = pod?.status.containerStatuses?.[0] ?? {};
  return { image, restartCount };
}
