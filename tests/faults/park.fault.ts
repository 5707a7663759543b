/** Parking under load: a game server told to leave in the middle of its games, and started again on its folder, again and again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "#clients/dice_report.ts";
import { DiceFleet } from "./dice_fleet.ts";
import { isFull, median, patience, sleep } from "./measure.ts";

const parks = isFull ? 20 : 4;
const rooms = isFull ? 200 : 50;
const betweenParksMs = 3000;
/** From the signal to the end of the process. */
const leftMsMax = 2000;

test(`[P6][P4][P3] PARK=on, ${rooms} rooms × 4 bots, one SIGTERM and a new start, ${parks} times: 0 reconnects, no roll lost or doubled`, {
  timeout: 300_000,
}, async (t) => {
  const fleet = await DiceFleet.open(t, { PARK: "on" });
  const seconds = Math.ceil((parks * (betweenParksMs + 1000)) / 1000) + 8;
  const bots = fleet.play({ users: rooms * 4, seconds, think: 2000 });

  const left: number[] = [];
  const pauses: number[] = [];
  for (let park = 0; park < parks; park++) {
    await sleep(betweenParksMs);
    const { leftMs, pauseMs } = await fleet.park();
    left.push(leftMs);
    pauses.push(pauseMs);
  }
  const { code } = await bots.exited;
  const report = JSON.parse(bots.lines.at(-1) ?? "{}") as Report;
  const pauseMax = Math.max(...pauses);
  t.diagnostic(
    `park ${parks} times, ${report.users} bots, ${report.games} games, ${report.rolls} rolls, ` +
      `${report.reconnects} reconnects, ${report.inconsistencies.length} inconsistent, errors ${JSON.stringify(report.errors)}`,
  );
  t.diagnostic(
    `park: gone after p50 ${median(left).toFixed(0)} ms, max ${Math.max(...left).toFixed(0)} ms; ready again after p50 ${median(pauses).toFixed(0)} ms, ` +
      `max ${pauseMax.toFixed(0)} ms; roll p50 ${report.rollMs.p50} ms, p99 ${report.rollMs.p99} ms, max ${report.rollMs.max} ms`,
  );
  assert.deepEqual([report.reconnects, report.inconsistencies, report.errors, report.closes], [0, [], {}, {}]);
  assert.equal(code, 0);
  assert.ok(report.games >= rooms, `${report.games} games`);
  assert.ok(Math.max(...left) <= leftMsMax * patience, `${Math.max(...left)} ms to leave`);
  assert.ok(report.rollMs.max <= pauseMax + patience * 1000, `a pause of ${report.rollMs.max} ms`);
});
