/** F2: game servers killed with -9 at named points, again and again, under players with whims. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chance } from "#simulation/chance.ts";
import { LedgerCluster } from "./ledger_cluster.ts";
import { LedgerRun } from "./ledger_run.ts";
import { isFull, quantile } from "./measure.ts";
import { MoveFaults, moveSteps, type Victim } from "./move_faults.ts";

const kills = isFull ? 1000 : 50;
const killsInMoves = isFull ? 200 : 8;
/** A process that lives longer than this without reaching its point is killed where it is. */
const lifeMsMax = 3000;
/** So many may have been. */
const straysMax = 0.2;
const points = ["before commit", "after commit", "restore"];

test(`[F2][P2][P3] killed ${kills} times before a commit, after one, and while it restores`, {
  timeout: kills * 4000 + 60_000,
}, async (t) => {
  const chance = new Chance(2);
  const run = await LedgerRun.start(t, { players: 24, rooms: 6, seed: 2 });
  const died = new Map(points.map((point) => [point, 0]));
  let strays = 0;
  run.server.signal("SIGKILL");
  await run.process.exited;
  for (let kill = 0; kill < kills; kill++) {
    const point = chance.pick(points);
    const count = point === "restore" ? chance.whole(1, 5) : chance.whole(1, 20);
    if (await diesAt(run, point, count)) died.set(point, (died.get(point) ?? 0) + 1);
    else strays += 1;
  }
  await run.restart();
  await run.end();
  const { inputs, receipts } = run.verdict;
  const counts = [...died].map(([point, count]) => `${count} × ${point}`).join(", ");
  t.diagnostic(`F2 ${kills} kills (${counts}, ${strays} elsewhere), ${inputs} inputs sent, ${receipts} receipts`);
  assert.ok(strays <= kills * straysMax, `${strays} of ${kills} kills were not at their point`);
  for (const [point, count] of died) assert.ok(count > 0, `no kill ${point}`);
  assert.ok(inputs > kills && receipts > kills, "hardly anybody has played");
});

test(`[F2][P1][P2][P3] killed ${killsInMoves} times during a move`, { timeout: killsInMoves * 6000 + 120_000 }, async (t) => {
  const chance = new Chance(22);
  const cluster = await LedgerCluster.open(t, { players: 24, rooms: 8, seed: 22 });
  if (cluster === undefined) return;
  const moves = new MoveFaults(cluster, chance);
  for (let kill = 0; kill < killsInMoves; kill++)
    await moves.run({ step: chance.pick(moveSteps), victim: chance.pick<Victim>(["giver", "taker"]), fault: "SIGKILL" });
  await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  t.diagnostic(
    `F2 ${killsInMoves} kills during moves, every room had one owner at most ${quantile(moves.settledMs, 1).toFixed(0)} ms after the victim's return; ` +
      `${inputs} inputs sent, ${receipts} receipts`,
  );
});

/** Starts a process that dies at its point, and waits for its end. False: it had to be killed wherever it was. */
async function diesAt(run: LedgerRun, point: string, count: number): Promise<boolean> {
  await run.restart({ KILL_AT: `${point}:${count}` }).catch(() => {}); // not ready: it died while it restored
  const late = setTimeout(() => run.process.child.kill("SIGKILL"), lifeMsMax);
  const { signal } = await run.process.exited;
  clearTimeout(late);
  assert.equal(signal, "SIGKILL", `${run.process.lines.join("\n")}\n${run.process.errors}`);
  return run.process.lines.includes(`burnt ${point}`);
}
