/** F11: a gate with thousands of clients is gone, and all of them come to another one in the same instant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "#tests/support/cluster.ts";
import { start } from "#tests/support/process.ts";
import { flagsOf } from "./dice_bots.ts";
import { isFull, patience, quantile, Scrape } from "./measure.ts";

const clients = isFull ? 5000 : 500;
/** Processes they are in. */
const crowds = 2;
const arrivalMsMax = 60_000;
const seatedWithinMs = 10_000;
const delayMsMax = 200;

interface Back {
  readonly backMs: readonly number[];
  readonly attempts: readonly number[];
}

test(`[F11][P4][P7] ${clients} clients come back at once: all are seated in time, and no event loop stands still`, {
  timeout: 180_000,
}, async (t) => {
  const cluster = await Cluster.open(t);
  if (cluster === undefined) return;
  const runs = Array.from({ length: crowds }, (_, at) => {
    const users = clients / crowds;
    const flags = { from: cluster.door(0), to: cluster.door(1), users, "first-user": 1 + at * users };
    return start(t, ["tests/faults/crowd.ts", ...flagsOf(flags)]);
  });
  for (const run of runs) await run.until((line) => line.includes("seated"), 0, arrivalMsMax);
  const [lost, other] = cluster.gates;
  assert.ok(lost !== undefined && other !== undefined);
  const judged = [other, ...cluster.servers];
  for (const server of judged) await Scrape.of(server); // each scrape begins a new measurement of delays
  lost.signal("SIGKILL");
  const said = await Promise.all(runs.map((run) => run.until((line) => line.includes('"back"'), 0, arrivalMsMax)));
  const delaysMs = await Promise.all(
    judged.map(async (server) => (await Scrape.of(server)).value("nodejs_eventloop_lag_p99_seconds") * 1000),
  );
  const backs = said.map((line) => JSON.parse(line) as Back);
  const backMs = backs.flatMap((back) => back.backMs);
  const attempts = backs.flatMap((back) => back.attempts);
  t.diagnostic(
    `F11 ${backMs.length} clients seated again after p50 ${quantile(backMs, 0.5).toFixed(0)} ms, p99 ${quantile(backMs, 0.99).toFixed(0)} ms, ` +
      `max ${Math.max(...backMs).toFixed(0)} ms, at most ${Math.max(...attempts)} attempts; ` +
      `event-loop delay p99 ${delaysMs.map((ms) => ms.toFixed(0)).join(", ")} ms (gate, game servers)`,
  );
  assert.equal(backMs.length, clients);
  assert.equal(await cluster.sum("croupier_users"), clients, "one seat each");
  assert.ok(Math.max(...backMs) <= seatedWithinMs * patience, `the last one after ${Math.max(...backMs)} ms`);
  assert.ok(Math.max(...delaysMs) <= delayMsMax * patience, `${delaysMs} ms`);
});
