/**
 * Gates are replaced under load, in every way there is: by `kubectl set image`, by `rollout restart`, by deletion, and by a crash.
 * Whoever was at a gate that goes comes back once, to his seat; whoever was not notices nothing.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isFull, patience, quantile, until } from "#tests/faults/measure.ts";
import { awaysMs, comings, reconnectsMost, thoseAt, told } from "./comings.ts";
import { disturb } from "./disturb.ts";
import { images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { killContainer } from "./node.ts";
import { Players } from "./players.ts";

const times = isFull ? 5 : 2;
/** DRAIN_DELAY of the manifests, and DRAIN_WINDOW, of which so few players take a part only: 100 closes a second. */
const delayMs = 5000;
const windowMs = 20_000;
const closesPerSecondMin = 100;
const seatedWithinMs = 5000;
const goneWithinMs = 60_000;

test(`[F3][F16][P4] gates are rolled out ${times} times, restarted, deleted and killed: whoever was there reconnects once and keeps his seat`, {
  timeout: 300_000 + times * 90_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "gates" });
  const players = await Players.seat(t, namespace, { seed: 3, gatesLeave: true, gatesDie: true });
  const all = new Set(comings(namespace.logs).keys());
  for (let at = 0; at < times; at++) {
    const image = at % 2 === 0 ? images.nextGate : images.gate;
    await replace(t, namespace, players, "gate: set image", all, () => namespace.setImage("deployments/gate", "gate", image));
  }
  await replace(t, namespace, players, "gate: rollout restart", all, async () => {
    await namespace.kubectl.run("rollout", "restart", "deployment", "gate");
    await namespace.kubectl.run("rollout", "status", "deployment", "gate");
  });
  const [deleted] = await namespace.pods("app=gate");
  assert.ok(deleted !== undefined);
  await replace(t, namespace, players, "gate: pod deletion", thoseAt(namespace.logs, deleted.metadata.name), () =>
    namespace.kubectl.run("delete", "pod", deleted.metadata.name),
  );
  const [killed] = await namespace.pods("app=gate");
  assert.ok(killed !== undefined);
  await replace(t, namespace, players, "gate: kill -9", thoseAt(namespace.logs, killed.metadata.name), async () => killContainer(killed));
  const most = reconnectsMost(namespace.logs);
  const noticed = await players.end();
  t.diagnostic(noticed.line(`gates: ${times} × set image, rollout restart, pod deletion, kill -9`));
  noticed.assertUnharmed({ reconnects: most });
});

/** Does what replaces the gates at which `those` are: they come in once more, and nobody else does. */
async function replace(
  t: TestContext,
  namespace: Namespace,
  players: Players,
  what: string,
  those: ReadonlySet<number>,
  act: () => Promise<unknown>,
): Promise<void> {
  const { logs } = namespace;
  const sinceMs = Date.now();
  const before = comings(logs);
  const expected = new Map([...before].map(([user, count]) => [user, count + Number(those.has(user))]));
  await disturb(t, players, what, async () => {
    await act();
    await until(
      "two gates, and no other",
      async () => (await isCalm(namespace)) && awaysMs(logs, sinceMs).length >= those.size,
      goneWithinMs,
    );
  });
  const aways = awaysMs(logs, sinceMs);
  players.note(aways);
  const [p50, p99] = [quantile(aways, 0.5), quantile(aways, 0.99)];
  const spread = spreadOf(namespace, sinceMs);
  t.diagnostic(`${what}: ${those.size} players came back, seated again after p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)} ms${spread}`);
  assert.deepEqual(comings(logs), expected);
  assert.ok(p99 <= seatedWithinMs * patience, `${p99} ms`);
}

async function isCalm(namespace: Namespace): Promise<boolean> {
  const pods = await namespace.pods("app=gate");
  return pods.length === 2 && pods.every(({ status }) => status.containerStatuses?.every(({ ready }) => ready) ?? false);
}

/** Of each gate that drained: nobody is closed at first, then they are over a part of the window. */
function spreadOf({ logs }: Namespace, sinceMs: number): string {
  const drained = logs.of("gate").flatMap((log) => log.said("drain start").map((said) => ({ log, atMs: Date.parse(said["@timestamp"]) })));
  const spreads = drained
    .filter(({ atMs }) => atMs >= sinceMs)
    .map(({ log, atMs }) =>
      told(logs, "gate", "session close", log.pod)
        .filter((close) => close.atMs >= atMs)
        .map((close) => close.atMs - atMs),
    )
    .filter((closes) => closes.length > 0);
  for (const closes of spreads) {
    const [first, last] = [Math.min(...closes), Math.max(...closes)];
    assert.ok(first >= delayMs, `closed after ${first} ms`);
    assert.ok(last <= delayMs + windowMs + 1000 * patience, `closed after ${last} ms`);
    assert.ok(last - first >= (closes.length / closesPerSecondMin) * 500, `${closes.length} closed within ${last - first} ms`);
  }
  return spreads
    .map((closes) => `, ${closes.length} closes ${Math.min(...closes)}–${Math.max(...closes)} ms after the drain began`)
    .join("");
}
