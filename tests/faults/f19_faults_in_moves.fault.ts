/** F19: while rooms move, giver, taker, a gate or Redis is killed or stopped at each step. Every room has one owner soon after, and the verdict holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance } from "#simulation/chance.ts";
import { LedgerCluster } from "./ledger_cluster.ts";
import { isFull, quantile } from "./measure.ts";
import { type Fault, type MoveFault, MoveFaults, moveSteps, type Victim } from "./move_faults.ts";

const victims: readonly Victim[] = ["giver", "taker", "gate", "redis"];
const faults: readonly Fault[] = ["SIGKILL", "SIGSTOP"];
const all: readonly MoveFault[] = moveSteps.flatMap((step) =>
  victims.flatMap((victim) => faults.map((fault) => ({ step, victim, fault }))),
);
/** What may happen at each step; in short form one of it does, and each victim and each signal has its turn. */
const kinds = victims.length * faults.length;
const tried = isFull ? all : all.filter((_, at) => at % kinds === Math.floor(at / kinds) % kinds);

test(`[F19][P1][P3][P5] giver, taker, gate or Redis killed or stopped at each of ${moveSteps.length} steps of a move (${tried.length} of ${all.length}): one owner, no room stuck`, {
  timeout: tried.length * 15_000 + 120_000,
}, async (t) => {
  const cluster = await LedgerCluster.open(t, { players: 24, rooms: 8, seed: 19 });
  if (cluster === undefined) return;
  const moves = new MoveFaults(cluster, new Chance(19));
  for (const fault of tried) await moves.run(fault);
  await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  const [p50, most] = [0.5, 1].map((q) => quantile(moves.settledMs, q).toFixed(0));
  t.diagnostic(
    `F19 ${tried.length} faults in moves: every room had one owner p50 ${p50}, max ${most} ms after all were back; ${inputs} inputs, ${receipts} receipts`,
  );
  assert.ok(receipts > tried.length * 10, "hardly anybody has played");
});

const abandonAfterMs = 8000;
const frozen: readonly MoveFault[] = moveSteps.flatMap((step) =>
  (["giver", "taker"] as const).map((victim) => ({ step, victim, fault: "SIGSTOP" as const })),
);
const frozenTried = isFull ? frozen : frozen.filter((_, at) => at % 9 === 4);

test(`[F19][P1] giver or taker frozen in a move beyond ABANDON_AFTER (${frozenTried.length} of ${frozen.length}): others have opened its names, and nobody sees two owners`, {
  timeout: frozenTried.length * 25_000 + 120_000,
}, async (t) => {
  const env = { ABANDON_AFTER: `${abandonAfterMs}ms` };
  const cluster = await LedgerCluster.open(t, { players: 24, rooms: 8, seed: 20, outlasts: true, env });
  if (cluster === undefined) return;
  const moves = new MoveFaults(cluster, new Chance(20), { least: 1.1 * abandonAfterMs, most: 1.6 * abandonAfterMs });
  for (const fault of frozenTried) await moves.run(fault);
  await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  t.diagnostic(
    `F19 ${frozenTried.length} times frozen beyond ABANDON_AFTER in a move: every room had one owner at most ${quantile(moves.settledMs, 1).toFixed(0)} ms ` +
      `after the return; ${inputs} inputs, ${receipts} receipts`,
  );
});
