/** One game server, and nobody to give its rooms to: they are parked on its volume for its successor (k8s/overlays/single-replica). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFull, patience } from "#tests/faults/measure.ts";
import { disturb } from "./disturb.ts";
import { images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";

const times = isFull ? 5 : 2;
/** Far below HOLD. */
const pauseMsMax = 15_000;

test(`[F16][P4] one game server, kubectl set image ${times} times: its rooms are parked, and nobody reconnects`, {
  timeout: 300_000 + times * 60_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "single", manifests: "k8s/overlays/single-replica", volumes: 2 });
  const players = await Players.seat(t, namespace, { seed: 13 });
  for (let at = 0; at < times; at++) {
    const image = at % 2 === 0 ? images.nextDealer : images.dealer;
    const { pausesMs } = await disturb(t, players, "single replica: set image", () =>
      namespace.setImage("statefulsets/dice", "game", image),
    );
    assert.ok(Math.max(...pausesMs) <= pauseMsMax * patience, `${Math.max(...pausesMs)} ms`);
  }
  const noticed = await players.end();
  t.diagnostic(noticed.line(`single replica: ${times} × set image with park`));
  const parks = namespace.logs.of("game").flatMap((log) => log.said("park all"));
  assert.equal(parks.length, times);
  noticed.assertUnharmed();
});
