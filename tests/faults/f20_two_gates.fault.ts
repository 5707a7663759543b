/**
 * F20, its first half (the second is f20_flooder.fault.ts): the same user comes to two gates at the same moment, and sits
 * down at both, now in one room, now in two. One of his sessions is seated in the end, and it is the only one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "#tests/support/cluster.ts";
import { Player } from "#tests/support/player.ts";
import { isFull, patience, spreadOf, until } from "./measure.ts";

const races = isFull ? 1000 : 100;
const settledWithinMs = 2000;

const isOut = (session: Player): boolean => session.heard.includes("Disconnect 2");
const hasSat = (session: Player): boolean => session.heard.some((line) => line.startsWith("Scene"));

test(`[F20][P1][P4] the same user at two gates at the same moment, ${races} times: one live seat`, { timeout: 400_000 }, async (t) => {
  const cluster = await Cluster.open(t, { servers: 2 });
  if (cluster === undefined) return;
  const live: Player[] = [];
  const tookMs: number[] = [];
  const wins = [0, 0];
  for (let user = 1; user <= races; user++) {
    const sessions: Player[] = await Promise.all([0, 1].map((gate) => Player.connect(cluster.door(gate), user)));
    const startMs = performance.now();
    for (const [at, session] of sessions.entries()) session.sit({ room_id: String(user % 2 === 0 ? 2 * user : 2 * user + at) });
    await until(
      `one session of user ${user}`,
      () => sessions.some(isOut) && sessions.some((session) => hasSat(session) && !isOut(session)),
    );
    tookMs.push(performance.now() - startMs);
    const at = sessions.findIndex((session) => !isOut(session));
    const [winner, loser] = [sessions[at], sessions[1 - at]];
    assert.ok(winner !== undefined && loser !== undefined);
    await judge(winner, loser);
    wins[at] = (wins[at] ?? 0) + 1;
    live.push(winner);
    await loser.close();
  }
  t.diagnostic(`F20 ${races} races: settled after ${spreadOf(tookMs)}; seated at gate 1 ${wins[0]} times, at gate 2 ${wins[1]} times`);
  assert.equal(await cluster.sum("croupier_users"), races, "one seat each");
  for (const player of live) assert.ok(!isOut(player), `user ${player.user} has lost his seat`);
  assert.ok(Math.max(...tookMs) <= settledWithinMs * patience, `settled after ${Math.max(...tookMs)} ms`);
  for (const player of live) player.drop();
});

/** The one plays, the other is in no room, and its leaving takes nothing from the first. */
async function judge(winner: Player, loser: Player): Promise<void> {
  loser.shake(3);
  await loser.hearUntil("Error 112");
  winner.shake(3);
  await winner.hearUntil(`Shake ${winner.user} 3`);
}
