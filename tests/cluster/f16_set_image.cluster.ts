/** F16: a release is rolled out by `kubectl set image`, again and again, while everybody plays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFull, patience, sleep } from "#tests/faults/measure.ts";
import { images } from "./images.ts";
import { Namespace } from "./namespace.ts";
import { Players } from "./players.ts";

const times = isFull ? 10 : 2;
const betweenMs = 5000;
/** Two pods: two bare ones that drain in 3 s each take 9.5 s. */
const rolledOutWithinMs = 30_000;

test(`[F16][P3][P5] kubectl set image under load, ${times} times: nobody reconnects, no room is lost, inputs are answered`, {
  timeout: 300_000 + times * 120_000,
}, async (t) => {
  const namespace = await Namespace.open(t, { name: "f16" });
  const players = await Players.seat(t, namespace, { seed: 16 });
  const tookMs: number[] = [];
  for (let at = 0; at < times; at++) {
    const image = at % 2 === 0 ? images.nextDealer : images.dealer;
    tookMs.push(await players.during(() => namespace.setImage("statefulsets/dice", "game", image)));
    await sleep(betweenMs);
  }
  const noticed = await players.end();
  t.diagnostic(noticed.line(`F16 ${times} × set image`));
  t.diagnostic(`F16 from the command to rollout status: ${tookMs.map((ms) => (ms / 1000).toFixed(1)).join(", ")} s`);
  noticed.assertUnharmed();
  noticed.assertPrompt();
  for (const ms of tookMs) assert.ok(ms <= rolledOutWithinMs * patience, `${ms} ms to roll out`);
});
