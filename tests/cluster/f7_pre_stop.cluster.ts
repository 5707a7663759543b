/**
 * F7: how a pod really stops. preStop gives the first signal, the kubelet's SIGTERM is the second, and it only comes when the
 * drain has taken too long; k8s/README.md draws it.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { seconds } from "#clients/croupier/words.ts";
import type { LogEvent } from "#runtime/log.ts";
import { isFull, patience, until } from "#tests/faults/measure.ts";
import { Player } from "#tests/support/player.ts";
import { disturb } from "./disturb.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";
import type { ContainerLog } from "./pod_logs.ts";

const emptyWithinMs = 5000;
const begunWithinMs = 2000;
/** As the manifests have it. */
const deadlineSeconds = isFull ? 110 : 20;
/** So long the kubelet waits for preStop where it is told to hurry; where it is not, preStop itself gives up after 120 s. */
const graceSeconds = isFull ? 60 : 10;
const preStopSeconds = 120;
const exitWithinMs = 5000;
/** Users and rooms that nobody else has. */
let nextRoom = 2_000_000;

test("[F7][P5][P6] preStop drains: an empty pod leaves at once, one with rooms when they have moved, and no second signal is needed", {
  timeout: 400_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f7" });
  const [gate] = await namespace.pods("app=gate");
  assert.ok(gate !== undefined);
  for (const pod of ["dice-1", gate.metadata.name]) {
    const { tookMs } = await leave(namespace, pod);
    t.diagnostic(`F7 an empty pod, ${pod}: ${seconds(tookMs)} from kubectl delete pod to gone`);
    assert.ok(tookMs <= emptyWithinMs * patience, `${tookMs} ms`);
  }
  await namespace.ready();
  const players = await Players.seat(t, namespace, { seed: 7 });
  const { result } = await disturb(t, players, "F7 a pod with rooms and a peer", () => leave(namespace, "dice-0"));
  const { log, begunMs, tookMs } = result;
  const moved = log.said("move end").length;
  t.diagnostic(`F7 drain begun after ${begunMs} ms, ${moved} rooms moved, gone after ${seconds(tookMs)}`);
  assert.ok(begunMs <= begunWithinMs * patience, `begun after ${begunMs} ms`);
  assert.ok(moved > 0, "it had no rooms");
  assert.deepEqual([log.said("stop").length, log.said("dissolve all"), log.said("drain deadline")], [1, [], []]);
  const noticed = await players.end();
  t.diagnostic(noticed.line("F7 a pod is deleted"));
  noticed.assertUnharmed();
});

test("[F7][P6] a drain that waits: rooms play on until DRAIN_DEADLINE, or until preStop's end, when SIGTERM is the second signal", {
  timeout: 900_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f7", patches: [waits(`${deadlineSeconds}s`)] });
  const rooms = await oneOnEach(t, namespace);
  const [deadline, hurried] = await Promise.all([
    waitOut(namespace, rooms.get("dice-0"), "dice-0"),
    waitOut(namespace, rooms.get("dice-1"), "dice-1", "--grace-period", String(graceSeconds)),
  ]);
  t.diagnostic(`F7 DRAIN=wait: dissolved by DRAIN_DEADLINE after ${deadline.dissolvedMs} ms, gone after ${deadline.goneMs} ms`);
  t.diagnostic(`F7 DRAIN=wait: dissolved by SIGTERM after ${hurried.dissolvedMs} ms, gone after ${hurried.goneMs} ms`);
  assertEnd(deadline, deadlineSeconds, "by the deadline");
  assertEnd(hurried, graceSeconds, "by SIGTERM");
  if (!isFull) return;
  await namespace.kubectl.run("set", "env", "statefulset/dice", "DRAIN_DEADLINE=0");
  await namespace.ready();
  const real = await waitOut(namespace, (await oneOnEach(t, namespace)).get("dice-0"), "dice-0");
  t.diagnostic(`F7 DRAIN=wait without a deadline: dissolved by SIGTERM after ${real.dissolvedMs} ms, gone after ${real.goneMs} ms`);
  assertEnd(real, preStopSeconds, "by SIGTERM");
});

interface Left {
  readonly log: ContainerLog;
  readonly sinceMs: number;
  readonly begunMs: number;
  /** From the command until the pod is gone. */
  readonly tookMs: number;
}

/** Deletes a pod, and waits until it is gone. */
async function leave({ kubectl, logs }: Namespace, pod: string, ...options: readonly string[]): Promise<Left> {
  const sinceMs = Date.now();
  const [log] = logs.all.filter((each) => each.pod === pod).slice(-1);
  assert.ok(log !== undefined);
  await kubectl.run("delete", "pod", pod, ...options);
  const tookMs = Date.now() - sinceMs;
  await until("its last words", () => log.said("stop").length > 0);
  return { log, sinceMs, tookMs, begunMs: atMs(log, "drain start") - sinceMs };
}

interface WaitedOut {
  readonly how: "by the deadline" | "by SIGTERM";
  readonly dissolvedMs: number;
  readonly goneMs: number;
}

/** A pod leaves whose room plays on: it does, and its player hears what will become of it, and that it has. */
async function waitOut(namespace: Namespace, player: Player | undefined, pod: string, ...options: readonly string[]): Promise<WaitedOut> {
  assert.ok(player !== undefined, `no room is on ${pod}`);
  const leaving = leave(namespace, pod, ...options);
  await player.hearUntil("Notice 0/1 this room will be dissolved by the system");
  const gone = leaving.then(() => "gone");
  for (let still = "here"; still === "here"; still = await Promise.race([gone, answered(player)]));
  const { log, sinceMs, tookMs } = await leaving;
  await player.hearUntil("Disconnect 1");
  const how = log.said("drain deadline").length > 0 ? "by the deadline" : "by SIGTERM";
  return { how, dissolvedMs: atMs(log, "dissolve all") - sinceMs, goneMs: tookMs };
}

/** Some time later the room still answers. */
async function answered(player: Player): Promise<string> {
  player.shake();
  const isAnswer = (line: string): boolean => /^(Shake|Error 102|Error 10001)/.test(line);
  await until("an answer", () => player.heard.some((line) => isAnswer(line) || line.startsWith("Disconnect 1")));
  if (player.heard.some((line) => line.startsWith("Disconnect 1"))) return new Promise(() => {});
  player.heard.length = 0;
  await new Promise((resolve) => setTimeout(resolve, 500));
  return "here";
}

function assertEnd({ how, dissolvedMs, goneMs }: WaitedOut, seconds: number, expected: WaitedOut["how"]): void {
  assert.equal(how, expected);
  assert.ok(dissolvedMs >= seconds * 1000 - 500, `dissolved after ${dissolvedMs} ms`);
  assert.ok(dissolvedMs <= seconds * 1000 + begunWithinMs * patience, `dissolved after ${dissolvedMs} ms`);
  assert.ok(goneMs - dissolvedMs <= exitWithinMs * patience, `gone after ${goneMs} ms`);
}

function atMs(log: ContainerLog, event: LogEvent): number {
  return Date.parse(log.said(event).at(-1)?.["@timestamp"] ?? "");
}

/** A room on each game server, and who plays there. */
async function oneOnEach(t: TestContext, { entrance, logs }: Namespace): Promise<Map<string, Player>> {
  const players = new Map<string, Player>();
  for (let tries = 0; players.size < 2; tries++) {
    assert.ok(tries < 20, "new rooms are on one server only");
    const user = nextRoom++;
    const room = String(user);
    const player = await Player.seated(entrance, user, { room_id: room });
    t.after(() => player.drop());
    await player.hearUntil("Scene");
    const opened = (log: ContainerLog): boolean => log.said("room open").some((said) => said["room.id"] === room);
    await until("the log", () => logs.of("game").some(opened));
    players.set(logs.of("game").findLast(opened)?.pod ?? "", player);
  }
  return players;
}

function waits(deadline: string): object {
  const env = [
    { name: "DRAIN", value: "wait" },
    { name: "DRAIN_DEADLINE", value: deadline },
  ];
  return {
    ...{ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "dice" } },
    spec: { template: { spec: { containers: [{ name: "game", env }] } } },
  };
}
