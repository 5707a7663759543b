/**
 * ops/, tried out: a real Prometheus with the real rules, but for minutes that are seconds, scrapes a
 * fleet of real processes, which is driven into the condition of each alert and out of it again. Then
 * every question of the dashboards, and every recorded one, has had an answer.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { playDice } from "#tests/faults/dice_bots.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { AlertWatch } from "./alert_watch.ts";
import { Prometheus } from "./prometheus.ts";
import { alerts, dashboardQueries, fasterQuery, recorded } from "./rule_files.ts";
import * as scenarios from "./scenarios.ts";
import { World } from "./world.ts";

const bots = { users: 16, seconds: 600, think: 300 };

test("[metrics] each alert fires and clears, and every question of the dashboards has an answer", async (t) => {
  const prometheus = await Prometheus.start(t);
  const redis = prometheus && (await RedisServer.start(t));
  if (prometheus === undefined || redis === undefined) return;
  const sinceSeconds = Date.now() / 1000;
  const world = new World(t, prometheus);
  const servers = [await world.gameServer("dice-1", redis, { GAMES: "dice" }), await world.gameServer("dice-2", redis, { GAMES: "dice" })];
  const gate = await world.gate("gate-1", redis);
  const gates = [gate, await world.gate("gate-2", redis)];
  for (const [at, { port }] of gates.entries()) playDice(t, { ...bots, port, "first-user": 1 + at * 1000, "first-room": 1 + at * 1000 });
  const watch = new AlertWatch(prometheus);
  t.after(() => watch.stop());
  const scene = { world, watch, redis, gate };

  const canary = scenarios.canary(scene);
  await Promise.all([scenarios.slowHandler, scenarios.crash, scenarios.fullServer, scenarios.badClients].map((play) => play(scene)));
  await Promise.all(
    [scenarios.fullDisk, scenarios.journals, scenarios.forgetfulJournal, scenarios.badRedis, scenarios.badKeys].map((play) => play(scene)),
  );
  await Promise.all([scenarios.cutLink, scenarios.fleetAway, scenarios.drains, () => canary].map((play) => play(scene)));
  await scenarios.everybodyGone(scene, gates, servers);

  for (const { alert, provokedBy, firedAfterMs, clearedAfterMs } of watch.outcomes)
    t.diagnostic(`${alert}: fired after ${seconds(firedAfterMs)}, cleared after ${seconds(clearedAfterMs)}: ${provokedBy}`);
  const seen = new Set(watch.outcomes.map(({ alert }) => alert));
  assert.deepEqual(
    alerts.map(({ alert }) => alert).filter((alert) => !seen.has(alert ?? "")),
    [],
    "alerts that nobody has seen",
  );

  const questions = [...dashboardQueries(), ...recorded.map((name) => ({ panel: "recorded", expression: name }))];
  const unanswered: string[] = [];
  for (const { panel, expression } of questions) {
    const values = (await prometheus.values(fasterQuery(expression), sinceSeconds)).filter((value) => Number.isFinite(value));
    if (values.length === 0) unanswered.push(`${panel}: ${expression}`);
    else t.diagnostic(`${panel}: ${values.length} values, the last ${values.at(-1)}: ${expression}`);
  }
  assert.deepEqual(unanswered, []);
  t.diagnostic(`${seen.size} alerts have fired and cleared, ${questions.length} questions have values`);
});

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
