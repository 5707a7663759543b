/**
 * The production images with no more rights than the manifests leave them, and as a user whom nobody knows: a root that is only read, no
 * capabilities, uid 20002. They serve, write their journal, restore it, and drain.
 */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "#tests/faults/measure.ts";
import { Player } from "#tests/support/player.ts";
import { images } from "./images.ts";
import { Namespace, type Pod } from "./namespace.ts";
import { killContainer } from "./node.ts";

const uid = 20_002;
const room = "20002";
const restartedWithinMs = 60_000;

/** Nobody in the image has this number. */
const another = { runAsUser: uid, runAsGroup: uid, fsGroup: uid };
const patches = [
  ["StatefulSet", "dice"],
  ["Deployment", "gate"],
].map(([kind, name]) => ({
  ...{ apiVersion: "apps/v1", kind, metadata: { name } },
  spec: { template: { spec: { securityContext: another } } },
}));

test("[F7][P2][P4] the production images serve, journal and drain with a read-only root, without capabilities, as another user", {
  timeout: 600_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "hardened", patches });
  await namespace.setImage("statefulsets/dice", "game", images.game); // the manifests' own, without what tests deal
  const [gate] = await namespace.pods("app=gate");
  assert.ok(gate !== undefined);
  for (const pod of [gate.metadata.name, "dice-0", "dice-1"]) await assertConfined(namespace, pod, pod !== gate.metadata.name);

  const player = await Player.seated(namespace.entrance, 1, { room_id: room });
  t.after(() => player.drop());
  await player.hearUntil("Scene");
  const owner = await ownerOf(namespace);
  const folder = (await namespace.journals()).get(owner.metadata.name) ?? "";
  for (const file of ["journal.sqlite", "journal.turns"]) assert.equal(statSync(join(folder, file)).uid, uid, `${file} is another's`);

  const starts = startsOf(namespace, owner);
  killContainer(owner);
  await until("its successor", () => startsOf(namespace, owner) > starts, restartedWithinMs);
  await answers(player);
  const restored = namespace.logs.of("game").flatMap((log) => log.said("room restore"));
  assert.ok(restored.some((said) => said["room.id"] === room));

  await namespace.kubectl.run("delete", "pod", owner.metadata.name);
  await answers(player);
  assert.notEqual((await ownerOf(namespace)).metadata.name, owner.metadata.name, "its room has not moved");
  const drained = namespace.logs.of("game").findLast((log) => log.pod === owner.metadata.name && log.said("drain start").length > 0);
  await until("its last words", () => (drained?.said("stop").length ?? 0) > 0);
  assert.deepEqual([drained?.said("dissolve all"), drained?.said("drain deadline")], [[], []]);

  await namespace.ready();
  await namespace.kubectl.run("delete", "pod", gate.metadata.name);
  const other = await Player.seated(namespace.entrance, 2, { room_id: room });
  t.after(() => other.drop());
  await other.hearUntil("Scene");
});

/** What the first process of the pod's container is, and what it may write. */
async function assertConfined({ kubectl }: Namespace, pod: string, hasWork: boolean): Promise<void> {
  const said = await kubectl.run("exec", pod, "--", "node", "--input-type=module", "--eval", look);
  const { status, writable } = JSON.parse(said) as { status: Record<string, string>; writable: Record<string, string> };
  assert.deepEqual(
    {
      Uid: status["Uid"]?.split("\t"),
      Gid: status["Gid"]?.split("\t"),
      ...Object.fromEntries(
        ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => [name, Number.parseInt(status[name] ?? "", 16)]),
      ),
      ...{ NoNewPrivs: status["NoNewPrivs"], Seccomp: status["Seccomp"] },
    },
    {
      ...{ Uid: Array(4).fill(String(uid)), Gid: Array(4).fill(String(uid)) },
      ...{ CapInh: 0, CapPrm: 0, CapEff: 0, CapBnd: 0, CapAmb: 0, NoNewPrivs: "1", Seccomp: "2" },
    },
    pod,
  );
  assert.deepEqual(writable, { "/": "EROFS", "/app": "EROFS", "/tmp": "EROFS", "/work": hasWork ? "written" : "EROFS" }, pod);
}

/** Runs in the container. */
const look = `
  import { readFileSync, rmSync, writeFileSync } from "node:fs";
  const lines = readFileSync("/proc/1/status", "utf8").trim().split("\\n");
  const status = Object.fromEntries(lines.map((line) => line.split(":\\t")));
  const write = (folder) => {
    try {
      writeFileSync(folder + "/look", "");
      rmSync(folder + "/look");
      return "written";
    } catch ({ code }) {
      return code;
    }
  };
  const writable = Object.fromEntries(["/", "/app", "/tmp", "/work"].map((folder) => [folder, write(folder)]));
  console.log(JSON.stringify({ status, writable }));
`;

/** The game server that has the room. */
async function ownerOf(namespace: Namespace): Promise<Pod> {
  const hasIt = async ({ metadata }: Pod): Promise<boolean> => (await namespace.rooms(metadata.name)).some((one) => one.room === room);
  let owner: Pod | undefined;
  await until("the room in a journal", async () => {
    for (const pod of await namespace.pods("game=dice")) if (await hasIt(pod)) owner = pod;
    return owner !== undefined;
  });
  return owner ?? assert.fail();
}

function startsOf({ logs }: Namespace, { metadata }: Pod): number {
  return logs.of("game").filter((log) => log.pod === metadata.name && log.said("ready").length > 0).length;
}

/** He is where he was, on the same socket. */
async function answers(player: Player): Promise<void> {
  player.heard.length = 0;
  player.sit({ room_id: room });
  await until("the scene again", () => player.heard.some((line) => line.startsWith("Scene")), restartedWithinMs);
}
