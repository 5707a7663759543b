/** F2: a game server killed with -9 at named points, again and again, under players with whims. */
import { test } from "node:test";
import { Chance } from "#simulation/chance.ts";
import { LedgerRun } from "./ledger_run.ts";
import { isFull } from "./measure.ts";

const kills = isFull ? 1000 : 50;
/** A process that lives longer than this without reaching its point is killed where it is. */
const lifeMsMax = 3000;
const points = ["before commit", "after commit", "restore"];

test(`[F2][P2][P3] killed ${kills} times before a commit, after one, and while it restores`, {
  timeout: kills * 4000 + 60_000,
}, async (t) => {
  const chance = new Chance(2);
  const run = await LedgerRun.start(t, { players: 24, rooms: 6, seed: 2 });
  const died = new Map<string, number>();
  run.server.signal("SIGKILL");
  for (let kill = 0; kill < kills; kill++) {
    await run.died();
    const point = chance.pick(points);
    const reached = await liveUntil(run, point, point === "restore" ? chance.whole(1, 5) : chance.whole(1, 20));
    died.set(reached, (died.get(reached) ?? 0) + 1);
  }
  await run.died();
  await run.restart();
  await run.end(8000);
  const { inputs, receipts } = run.verdict;
  const counts = [...died].map(([point, count]) => `${count} × ${point}`).join(", ");
  t.diagnostic(`F2 ${kills} kills (${counts}), ${inputs} inputs sent, ${receipts} receipts, ${run.verdict.violations.length} violations`);
});

/** Starts a process that dies at its point; gives where it died. */
async function liveUntil(run: LedgerRun, point: string, count: number): Promise<string> {
  const started = run.restart({ KILL_AT: `${point}:${count}` }).then(
    () => "serving" as const,
    () => "dead" as const, // before it was ready: while it restored
  );
  if ((await started) === "dead") return point;
  const { promise, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(resolve, lifeMsMax, "late");
  const end = await Promise.race([run.died().then(() => "died" as const), promise]);
  clearTimeout(timer);
  if (end === "died") return point;
  run.server.signal("SIGKILL");
  return "wherever it was";
}
