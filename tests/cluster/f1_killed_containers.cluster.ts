/**
 * F1 on the cluster: the process of a game server's container is killed -9. The kubelet starts it again in the same pod, it goes on
 * with its journal, and nobody has noticed more than a pause.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFull, patience, until } from "#tests/faults/measure.ts";
import { disturb } from "./disturb.ts";
import { Namespace, type Pod } from "./namespace.ts";
import { killContainer } from "./node.ts";
import { Players } from "./players.ts";

/** Kubernetes waits 10 s before it restarts a container for the second time within ten minutes, and longer and longer. */
const rounds = isFull ? 2 : 1;
const beyondRestartMs = 1000;
const restartedWithinMs = 60_000;

test(`[F1][P2][P3] both game servers' processes are killed -9, ${rounds} times: rooms are held and resumed, and nobody reconnects`, {
  timeout: 300_000 + rounds * 120_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f1" });
  const players = await Players.seat(t, namespace, { seed: 1 });
  for (let round = 0; round < rounds; round++) {
    for (const pod of await namespace.pods("game=dice")) {
      const { result: restart, pausesMs } = await disturb(t, players, `F1 kill -9 in ${pod.metadata.name}`, () =>
        killAndWait(namespace, pod),
      );
      const pauseMs = Math.max(...pausesMs);
      t.diagnostic(`F1 ready after ${restart.readyMs} ms, ${restart.rooms} rooms restored; the longest pause ${pauseMs.toFixed(0)} ms`);
      assert.ok(restart.rooms > 0, "it had no rooms");
      assert.ok(pauseMs <= restart.readyMs + beyondRestartMs * patience, `${pauseMs} ms`);
    }
  }
  const resumed = namespace.logs.of("gate").reduce((sum, log) => sum + log.said("room resumed").length, 0);
  const noticed = await players.end();
  t.diagnostic(
    noticed.line(`F1 ${rounds} × kill -9 of both game servers' containers, ${resumed} times a gate's room was held and resumed`),
  );
  assert.ok(resumed > 0, "no room was held");
  noticed.assertUnharmed();
});

interface Restart {
  /** From the kill until it said that it was ready. */
  readonly readyMs: number;
  readonly rooms: number;
}

async function killAndWait({ logs }: Namespace, pod: Pod): Promise<Restart> {
  const before = logs.all.filter((log) => log.pod === pod.metadata.name).length;
  const killedMs = Date.now();
  killContainer(pod);
  const after = () => logs.all.filter((log) => log.pod === pod.metadata.name)[before];
  await until("its successor", () => (after()?.said("ready").length ?? 0) > 0, restartedWithinMs);
  const readyMs = Date.parse(after()?.said("ready")[0]?.["@timestamp"] ?? "") - killedMs;
  return { readyMs, rooms: after()?.said("restore all")[0]?.rooms ?? 0 };
}
