/** F1: a game server killed with -9 in the middle of 200 games, and started again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "#clients/dice_report.ts";
import { DiceFleet } from "./dice_fleet.ts";
import { isFull, patience, sleep } from "./measure.ts";

const kills = isFull ? 20 : 4;
const rooms = isFull ? 200 : 50;
const betweenKillsMs = 4000;

test(`[F1][P2][P3][P4] ${rooms} rooms × 4 bots, a game server killed ${kills} times: 0 reconnects, no roll lost or doubled`, {
  timeout: 300_000,
}, async (t) => {
  const fleet = await DiceFleet.open(t);
  const seconds = Math.ceil((kills * (betweenKillsMs + 1000)) / 1000) + 8;
  const bots = fleet.play({ users: rooms * 4, seconds, think: 2000 });

  const restartMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await sleep(betweenKillsMs);
    restartMs.push(await fleet.kill());
  }
  const { code } = await bots.exited;
  const report = JSON.parse(bots.lines.at(-1) ?? "{}") as Report;
  const restartMax = Math.max(...restartMs);
  t.diagnostic(
    `F1 ${kills} kills, ${report.users} bots, ${report.games} games, ${report.rolls} rolls, ` +
      `${report.reconnects} reconnects, ${report.inconsistencies.length} inconsistent, errors ${JSON.stringify(report.errors)}`,
  );
  t.diagnostic(
    `F1 restart max ${restartMax.toFixed(0)} ms; roll p50 ${report.rollMs.p50} ms, p99 ${report.rollMs.p99} ms, max ${report.rollMs.max} ms`,
  );
  assert.deepEqual([report.reconnects, report.inconsistencies, report.errors, report.closes], [0, [], {}, {}]);
  assert.equal(code, 0);
  assert.ok(report.games >= rooms, `${report.games} games`);
  assert.ok(report.rollMs.max <= restartMax + patience * 1000, `a pause of ${report.rollMs.max} ms`);
});
