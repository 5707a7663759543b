/**
 * F3: one of two gates is killed with -9 in the middle of many games. Whoever was at it is led
 * to the other one, as by a load balancer, comes back once and finds his seat; whoever was
 * at the other one notices nothing. Bots with the client library, two of each room at either gate.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DiceBot } from "#clients/dice_bot.ts";
import { sum } from "#clients/dice_report.ts";
import { mintToken } from "#protocol/token.ts";
import { Cluster } from "#tests/support/cluster.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { Player } from "#tests/support/player.ts";
import { TcpProxy } from "#tests/support/tcp_proxy.ts";
import { isFull, patience, quantile, sleep, until } from "./measure.ts";

const kills = isFull ? 5 : 1;
const rooms = isFull ? 100 : 30;
const seatedWithinMs = 5000;

test(`[F3][P4] one of two gates killed -9, ${rooms} rooms: its clients reconnect once and keep their seats, the others never`, {
  timeout: kills * 120_000,
}, async (t) => {
  for (let kill = 0; kill < kills; kill++) if (!(await killOne(t))) return;
});

/** False: skipped. */
async function killOne(t: TestContext): Promise<boolean> {
  const cluster = await Cluster.open(t);
  if (cluster === undefined) return false;
  const balancer = await TcpProxy.open(t, cluster.door(0));
  const all = Array.from({ length: rooms * 4 }, (_, at) => botAt(at % 2 === 0 ? balancer.port : cluster.door(1), at));
  const [its, others] = [all.filter((_, at) => at % 2 === 0), all.filter((_, at) => at % 2 === 1)];
  await until("everybody's scene", () => all.every(({ sitMs }) => sitMs.length === 1));
  const watchers = await watchersAt(cluster.door(1));
  await sleep(3000);

  const killedMs = performance.now();
  balancer.leadTo(cluster.door(1));
  cluster.gates[0]?.signal("SIGKILL");
  const backMs = await Promise.all(
    its.map(async (bot) => {
      await until("a scene", () => bot.sitMs.length === 2);
      return performance.now() - killedMs;
    }),
  );
  await sleep(4000);
  await until("everybody's settlement", () => all.every(({ settlements }) => settlements.length > 0), 60_000);
  const gone = watchers.flatMap(({ heard }) => heard.filter((line) => /^(StandUp|Online -)/.test(line)));
  for (const bot of all) bot.stop();
  await Promise.all(all.map(({ stopped }) => stopped));

  const report = sum(all);
  const p99 = quantile(backMs, 0.99);
  t.diagnostic(
    `F3 ${its.length} of ${all.length} bots lost their gate, seated again after p50 ${quantile(backMs, 0.5).toFixed(0)} ms, ` +
      `p99 ${p99.toFixed(0)} ms; ${report.games} games, ${report.rolls} rolls, ${report.inconsistencies.length} inconsistent`,
  );
  assert.deepEqual(new Set(its.map(({ reconnects }) => reconnects)), new Set([1]));
  assert.deepEqual(new Set(others.map(({ reconnects }) => reconnects)), new Set([0]));
  assert.deepEqual([report.inconsistencies, report.errors], [[], {}]);
  assert.deepEqual(gone, [], "nobody is gone");
  assert.ok(p99 <= seatedWithinMs * patience, `${p99} ms`);
  return true;
}

function botAt(port: number, at: number): DiceBot {
  const token = (): Promise<string> => mintToken(at + 1, developmentKey);
  return new DiceBot({ url: `ws://127.0.0.1:${port}`, token, room: String(Math.floor(at / 4) + 1), thinkMs: 2000 });
}

/** One in every room, who hears whoever goes. */
async function watchersAt(port: number): Promise<Player[]> {
  const seated = Array.from({ length: rooms }, (_, at) => Player.seated(port, 1_000_000 + at, { room_id: String(at + 1), watch: "true" }));
  const watchers = await Promise.all(seated);
  for (const watcher of watchers) await watcher.hearUntil("Scene");
  return watchers;
}
