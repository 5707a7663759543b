/**
 * F15 and P1 on a whole cluster: two gates, three game servers and Redis, each killed and
 * each frozen in turn; Redis without its memory; Redis away for a time. Players with whims
 * play through all of it, and the verdict holds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LedgerCluster } from "./ledger_cluster.ts";
import { LedgerSeats } from "./ledger_seats.ts";
import { isFull, patience, sleep } from "./measure.ts";

const crowd = { players: 24, rooms: 8 };
const betweenMs = 1500;
const downMs = 500;
/** Longer than a link may be silent, shorter than a lease. */
const frozenMs = 4000;
const rounds = isFull ? 5 : 1;
const awayMs = isFull ? 300_000 : 20_000;
const healedWithinMs = 35_000;
const abandonAfterMs = 8000;
/** Patient players, who neither leave nor know why they should: their users and rooms begin here. */
const patient = { first: 1_000_000, rooms: 5 };

test(`[F15][P1] each of the six processes is killed -9 in turn, then frozen and thawed in turn, ${rounds} times: the verdict holds`, {
  timeout: rounds * 90_000 + 120_000,
}, async (t) => {
  const cluster = await LedgerCluster.open(t, { ...crowd, seed: 15 });
  if (cluster === undefined) return;
  for (let round = 0; round < rounds; round++) {
    for (const part of cluster.parts) {
      await sleep(betweenMs);
      await part.kill();
      await sleep(downMs);
      await part.restart();
    }
    for (const part of cluster.parts) {
      await sleep(betweenMs);
      part.freeze();
      await sleep(frozenMs);
      part.thaw();
    }
  }
  const seatedMs = await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  t.diagnostic(
    `F15 ${rounds} rounds of 6 kills and 6 freezes: ${inputs} inputs, ${receipts} receipts, all seated after ${seatedMs.toFixed(0)} ms`,
  );
  assert.ok(receipts > 100 * rounds, "hardly anybody has played");
});

test("[F15][P1][P8] Redis restarted empty under load: the verdict holds", { timeout: 120_000 }, async (t) => {
  const cluster = await LedgerCluster.open(t, { ...crowd, seed: 16 });
  if (cluster === undefined) return;
  for (let round = 0; round < rounds; round++) {
    await sleep(4000);
    await cluster.redis.kill();
    await sleep(downMs);
    cluster.redis.forget();
    await cluster.redis.start();
  }
  const seatedMs = await cluster.end(healedWithinMs * patience);
  const { inputs, receipts } = cluster.verdict;
  t.diagnostic(
    `F15 Redis empty ${rounds} times: ${inputs} inputs, ${receipts} receipts, all seated ${seatedMs.toFixed(0)} ms after its return`,
  );
  assert.ok(seatedMs <= healedWithinMs * patience, `${seatedMs} ms`);
});

test(`[F15][P8] Redis away for ${awayMs / 1000} s, meanwhile a server dies and comes back and a gate starts: rooms in play are unharmed, and all heals`, {
  timeout: awayMs + 180_000,
}, async (t) => {
  const cluster = await LedgerCluster.open(t, { ...crowd, seed: 17 });
  if (cluster === undefined) return;
  const { verdict } = cluster;
  const seats = await LedgerSeats.open({ ...patient, entrances: cluster.ports, verdict });
  await seats.write(1000);
  await cluster.redis.kill();
  await sleep(awayMs / 4);
  const [server] = cluster.servers;
  await server?.kill();
  await sleep(downMs);
  await server?.restart();
  await sleep(awayMs / 4);
  await cluster.addGate();
  await sleep(awayMs / 2);
  seats.rest();
  await seats.answered();
  for (const { user, closes } of seats.all) assert.equal(closes, 0, `user ${user}`);
  await cluster.redis.start();
  const seatedMs = await cluster.end(healedWithinMs * patience);
  seats.leave();
  t.diagnostic(
    `F15 Redis away ${awayMs / 1000} s: ${seats.sum("answered")} entries of ${seats.all.length} patient players answered before its return, ` +
      `${verdict.inputs} inputs, ${verdict.receipts} receipts, all seated ${seatedMs.toFixed(0)} ms after its return`,
  );
  assert.ok(seatedMs <= healedWithinMs * patience, `${seatedMs} ms`);
});

test("[P1][F15] a game server frozen beyond ABANDON_AFTER: its names are opened anew, it wakes and plays nothing more, and nobody sees two owners", {
  timeout: 180_000,
}, async (t) => {
  const cluster = await LedgerCluster.open(t, { ...crowd, seed: 18, outlasts: true, env: { ABANDON_AFTER: `${abandonAfterMs}ms` } });
  if (cluster === undefined) return;
  for (const server of cluster.servers.slice(0, isFull ? 3 : 1)) {
    await sleep(4000);
    server.freeze();
    await sleep(1.5 * abandonAfterMs);
    server.thaw();
    assert.deepEqual(await server.member.process.exited, { code: 1, signal: null });
    await server.restart();
  }
  const seatedMs = await cluster.end();
  const { inputs, receipts } = cluster.verdict;
  t.diagnostic(`F15 frozen beyond ABANDON_AFTER: ${inputs} inputs, ${receipts} receipts, all seated after ${seatedMs.toFixed(0)} ms`);
});
