/** F18: A/B as it is documented: B is started, Service `dice` is switched to it, A plays on, and goes; all while everybody plays. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Echoer } from "#tests/faults/echoer.ts";
import { isFull, patience, sleep, until } from "#tests/faults/measure.ts";
import { Player } from "#tests/support/player.ts";
import { images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";

const overlay = "k8s/overlays/ab";
const newRoomEveryMs = 100;
const newRooms = 60;
const switchedWithinMs = 2000;
/** Others' users and rooms are below. */
const first = 2_000_000;
/** In full form as in production: 110 s. */
const deadlineMs = isFull ? 110_000 : 15_000;
const dissolvedWithinMs = 5000;

test("[F18][P1][P4] the switch to B under load, then A to 0: no new room on A 2 s later, A's rooms play on and are found, and then go to B", {
  timeout: 600_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f18", manifests: overlay, volumes: 5 });
  const players = await Players.seat(t, namespace, { seed: 18 });
  const { kubectl } = namespace;
  await kubectl.run("set", "image", "statefulsets", "dice-b", `game=${images.nextDealer.name}`);
  const startedMs = await players.during(() =>
    namespace.rollOut("statefulsets/dice-b", "scale", "statefulset", "dice-b", "--replicas", "2"),
  );

  const before = await livesOn(namespace, "dice-a");
  const visitors = openRooms(t, namespace);
  await sleep((newRoomEveryMs * newRooms) / 3);
  const switchedMs = Date.now();
  await players.during(() => kubectl.run("patch", "service", "dice", "-p", '{"spec":{"selector":{"group":"b"}}}'));
  await visitors;
  const opened = roomsOpened(namespace);
  const lateOnA = opened.filter(({ pod, atMs }) => pod.startsWith("dice-a") && atMs > switchedMs + switchedWithinMs);
  const lastOnAMs = Math.max(0, ...opened.filter(({ pod }) => pod.startsWith("dice-a")).map(({ atMs }) => atMs - switchedMs));
  assert.deepEqual(lateOnA, [], "new rooms on A");
  assert.ok(
    opened.some(({ pod, atMs }) => pod.startsWith("dice-b") && atMs > switchedMs),
    "no new room on B",
  );
  const stayed = await livesOn(namespace, "dice-a");
  assert.deepEqual(before.difference(stayed), new Set(), "A's rooms are on A");
  await foundByNewGate(t, namespace);

  const emptiedMs = await players.during(() => emptyA(namespace));
  assert.deepEqual(await livesOn(namespace, "dice-a"), new Set(), "rooms that A has kept");
  const noticed = await players.end();
  t.diagnostic(noticed.line("F18 A/B switch, then A to 0"));
  t.diagnostic(
    `F18 B ready after ${startedMs.toFixed(0)} ms; ${opened.length} rooms opened, the last one on A ${lastOnAMs} ms after the switch; ` +
      `${stayed.size} rooms stayed on A and went to B within ${emptiedMs.toFixed(0)} ms`,
  );
  noticed.assertUnharmed();
  noticed.assertPrompt();
});

test("[F18][P6] A to 0 without any B: it plays on, and dissolves at the end of the stop path", { timeout: 600_000 }, async (t) => {
  const deadline = { name: "DRAIN_DEADLINE", value: `${deadlineMs}ms` };
  const patch = {
    ...{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "dice-a" } },
    spec: { template: { spec: { containers: [{ name: "game", env: [deadline] }] } } },
  };
  const namespace = await Namespace.open(t, { name: "f18-alone", manifests: overlay, volumes: 3, patches: [patch] });
  const player = await Player.seated(namespace.entrance, first, { room_id: "1" });
  const echoer = await Echoer.seat({ entrance: namespace.entrance, user: first + 1, room: "1", everyMs: newRoomEveryMs });
  await player.hearUntil("Scene");
  const startMs = performance.now();
  const emptied = emptyA(namespace);
  const warning = await player.hearUntil("Notice");
  echoer.start();
  await sleep(deadlineMs / 2);
  echoer.stop();
  await until("every echo", () => echoer.unanswered === 0);
  const playedMs = performance.now() - startMs;
  await until("the end", () => player.heard.includes("Disconnect 1"), deadlineMs + dissolvedWithinMs * patience);
  const dissolvedMs = performance.now() - startMs;
  const emptiedMs = await emptied;
  t.diagnostic(
    `F18 A to 0 without B: ${echoer.tookMs.length} echoes answered until ${playedMs.toFixed(0)} ms, dissolved after ${dissolvedMs.toFixed(0)} ms, gone after ${emptiedMs.toFixed(0)} ms`,
  );
  assert.match(warning.at(-1) ?? "", /will be dissolved by the system/);
  assert.ok(
    player.heard.some((line) => line.startsWith("Settlement")),
    "no early settlement",
  );
  assert.ok(dissolvedMs >= deadlineMs, `${dissolvedMs} ms`);
  for (const log of namespace.logs.of("game")) assert.equal(log.said("stop").length, 1, log.pod);
});

/** Somebody asks for a new room every 100 ms, and stays in it. */
async function openRooms(t: TestContext, { entrance }: Namespace): Promise<void> {
  for (let at = 0; at < newRooms; at++) {
    const player = await Player.seated(entrance, first + at, { game_name: "flood", room_id: String(first + at) });
    t.after(() => player.drop());
    await sleep(newRoomEveryMs);
  }
}

function roomsOpened({ logs }: Namespace): { pod: string; atMs: number }[] {
  return logs.of("game").flatMap((log) => log.said("room open").map((said) => ({ pod: log.pod, atMs: Date.parse(said["@timestamp"]) })));
}

async function livesOn(namespace: Namespace, group: string): Promise<Set<string>> {
  const rooms = await Promise.all([0, 1].map((at) => namespace.rooms(`${group}-${at}`)));
  // Players of the ledger leave, and so their rooms end.
  return new Set(
    rooms
      .flat()
      .filter(({ game }) => game !== "ledger")
      .map(({ life }) => life),
  );
}

/** A gate that has never seen A as a server for new rooms leads whoever sits there to it. */
async function foundByNewGate(t: TestContext, namespace: Namespace): Promise<void> {
  const before = new Set((await namespace.pods("app=gate")).map(({ metadata }) => metadata.name));
  await namespace.rollOut("deployments/gate", "scale", "deployment", "gate", "--replicas", "3");
  const gate = (await namespace.pods("app=gate")).find(({ metadata }) => !before.has(metadata.name));
  const entrance = { ...namespace.entrance, url: `ws://${gate?.status.podIP}:60006` };
  for (const room of await namespace.rooms("dice-a-0")) {
    if (room.game !== "dice") continue;
    const visitor = await Player.seated(entrance, first + newRooms + Number(room.room), { room_id: room.room, watch: "true" });
    t.after(() => visitor.drop());
    await visitor.hearUntil("Scene");
  }
}

/** Gives how long it took until A's pods were gone, milliseconds. */
async function emptyA(namespace: Namespace): Promise<number> {
  const startMs = performance.now();
  await namespace.kubectl.run("scale", "statefulset", "dice-a", "--replicas", "0");
  await namespace.kubectl.run("wait", "--for=delete", "pods", "--selector=group=a", "--timeout=180s");
  return performance.now() - startMs;
}
