/**
 * F17: canaries by partition, good ones and bad ones, and `kubectl rollout undo`, while everybody plays. Pods are managed in
 * parallel, so an undo replaces what never got ready, too: nothing is deleted by hand.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { seconds } from "#clients/croupier/words.ts";
import { isFull, patience, sleep, until } from "#tests/faults/measure.ts";
import { disturb } from "./disturb.ts";
import { type Image, images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";

/** So long an operator looks at a canary. */
const watchedMs = isFull ? 20_000 : 6000;
const startedWithinMs = 60_000;
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

test("[F17] bad canaries: one that crashes, one that never gets ready: none gets a room, and an undo alone heals each", {
  timeout: 600_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f17-bad" });
  const players = await Players.seat(t, namespace, { seed: 18 });
  const canaries = new BadCanaries(t, namespace, players);

  await canaries.set(images.crashes, "crashes");
  await until("a crash", async () => (await canaryOf(namespace)).restartCount > 0, startedWithinMs);
  await canaries.undo("crashes");

  await canaries.set(images.neverReady, "never-ready");
  const starts = (): string[] => namespace.logs.of("game").flatMap((log) => log.said("ready").map((said) => said["service.version"] ?? ""));
  await until("a canary that has started", () => starts().includes("v1.3-never-ready"), startedWithinMs);
  await players.during(async () => {
    await namespace.croupier("dice-0", "drain", "start"); // its rooms have nowhere to go but there
    await sleep(watchedMs);
    assert.deepEqual(await namespace.rooms("dice-1"), []);
    await namespace.croupier("dice-0", "drain", "undo");
  });
  await canaries.undo("never gets ready");

  const noticed = await players.end(({ errors }) => !errors.includes("this release crashes"));
  t.diagnostic(noticed.line("F17 bad canaries of two kinds, each undone"));
  noticed.assertUnharmed();
  noticed.assertPrompt();
});

test("[F17] a canary that cannot restore rooms gets none, and an undo alone heals it", { timeout: 480_000 }, async (t) => {
  const namespace = await Namespace.open(t, { name: "f17-unable" });
  // Whoever opened a room would open it where no other release can read it; and a leaving server ends what nobody plays.
  const players = await Players.seat(t, namespace, { seed: 19, hasWhims: false });
  const canaries = new BadCanaries(t, namespace, players);
  await canaries.set(images.cannotRestore, "cannot-restore");
  await namespace.kubectl.run("rollout", "status", statefulSet, "--timeout=60s");
  const before = await livesOf(namespace, "dice-0");
  await namespace.kubectl.run("patch", statefulSet, "--patch", partition(0)); // dice-0 begins to leave, and has nowhere to go
  await players.during(() => sleep(watchedMs));
  assert.deepEqual(await livesOf(namespace, "dice-0"), before);
  await canaries.undo("cannot restore rooms"); // before DRAIN_DEADLINE

  const noticed = await players.end();
  t.diagnostic(noticed.line("F17 a canary that cannot restore rooms, undone"));
  noticed.assertUnharmed();
  noticed.assertPrompt();
});

/** Releases that dice-1 becomes, as far as they come, and that are taken back. */
class BadCanaries {
  readonly #t: TestContext;
  readonly #namespace: Namespace;
  readonly #players: Players;

  constructor(t: TestContext, namespace: Namespace, players: Players) {
    this.#t = t;
    this.#namespace = namespace;
    this.#players = players;
  }

  async set(image: Image, version: string): Promise<void> {
    const { kubectl } = this.#namespace;
    await disturb(this.#t, this.#players, `F17 canary ${version}`, async () => {
      await kubectl.run("patch", statefulSet, "--patch", partition(1));
      await kubectl.run("set", "image", statefulSet, `game=${image.name}`);
      await until("the canary", async () => (await canaryOf(this.#namespace)).image.includes(version), startedWithinMs);
      await sleep(watchedMs);
    });
    assert.deepEqual(await this.#namespace.rooms("dice-1"), []);
  }

  /** Nothing else is done: no pod is deleted. */
  async undo(what: string): Promise<void> {
    assert.deepEqual(await this.#namespace.rooms("dice-1"), [], `rooms on a canary that ${what}`);
    const { tookMs } = await disturb(this.#t, this.#players, `F17 canary that ${what}, rollout undo`, () => undo(this.#namespace));
    assert.deepEqual(await this.#namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1" });
    assert.ok(tookMs <= undoneWithinMs * patience, `${tookMs} ms`);
  }
}

async function livesOf(namespace: Namespace, pod: string): Promise<Set<string>> {
  return new Set((await namespace.rooms(pod)).map(({ life }) => life));
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

function partition(at: number): string {
  return JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition: at } } } });
}

async function canaryOf(namespace: Namespace): Promise<{ image: string; restartCount: number }> {
  const pod = (await namespace.pods("game=dice")).find(({ metadata }) => metadata.name === "dice-1");
  const { image = "", restartCount = 0 } = pod?.status.containerStatuses?.[0] ?? {};
  return { image, restartCount };
}
