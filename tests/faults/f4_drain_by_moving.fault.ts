/**
 * F4: rollouts under load. A newer game server is started, the older one gets one SIGTERM,
 * its rooms move, and it ends. Bots play dice in all rooms, at both gates; echoes in some more rooms measure the pause as players notice it.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Report } from "#clients/dice_report.ts";
import { Cluster } from "#tests/support/cluster.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Server } from "#tests/support/process.ts";
import { said } from "#tests/support/said.ts";
import { playDice } from "./dice_bots.ts";
import { Echoer } from "./echoer.ts";
import { isFull, kilobyte, patience, quantile, sleep, spreadOf } from "./measure.ts";

const rollouts = isFull ? 5 : 2;
const diceRooms = isFull ? 200 : 40;
const largeRooms = isFull ? 50 : 20;
const largeBytes = 10 * kilobyte;
const echoRooms = 20;
/** Within what a client may send. */
const echoEveryMs = 25;
const betweenMs = 4000;
const pauseMsMax = 250;
const movesPerSecondMin = 200;

/** What one rollout was like. */
interface Rollout {
  readonly leftMs: number;
  readonly movesPerSecond: number;
  /** As the older server measured them: how long nobody played the room. */
  readonly frozenMs: readonly number[];
  /** As players did: the longest wait of each for an echo. */
  readonly pausesMs: readonly number[];
}

test(`[F4][P5][P6] SIGTERM with a peer, ${diceRooms} dice rooms × 4 bots, ${rollouts} times: nobody reconnects, nothing is dissolved, pauses are short`, {
  timeout: 240_000,
}, async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const seconds = Math.ceil((rollouts * (betweenMs + 6000)) / 1000) + 8;
  const half = { users: diceRooms * 2, seats: 2, seconds, think: 2000 };
  const bots = [0, 1].map((gate) => playDice(t, { ...half, port: cluster.door(gate), "first-user": 1 + gate * 10_000 }));
  const echoers = await seatEchoers(cluster, echoRooms);
  const all = await rollOut(t, cluster, echoers, diceRooms + echoRooms);
  for (const bot of bots) await bot.exited;
  const reports = bots.map(({ lines }) => JSON.parse(lines.at(-1) ?? "{}") as Report);
  for (const { users, games, rolls, rollMs } of reports)
    t.diagnostic(
      `F4 ${users} bots at one gate: ${games} games, ${rolls} rolls, roll p50 ${rollMs.p50} ms, p99 ${rollMs.p99} ms, max ${rollMs.max} ms`,
    );
  for (const { reconnects, inconsistencies, errors, closes, seated, users } of reports)
    assert.deepEqual([reconnects, inconsistencies, errors, closes, seated], [0, [], {}, {}, users]);
  assertQuick(all, 5000);
  for (const { movesPerSecond } of all) assert.ok(movesPerSecond >= movesPerSecondMin / patience, `${movesPerSecond} moves/s`);
});

test(`[F4][P5][P6] SIGTERM with a peer, ${largeRooms} rooms of 10 KB, ${rollouts} times: pauses are short`, {
  timeout: 240_000,
}, async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const echoers = await seatEchoers(cluster, largeRooms, largeBytes);
  assertQuick(await rollOut(t, cluster, echoers, largeRooms), 10_000);
});

async function openCluster(t: TestContext): Promise<Cluster | undefined> {
  const cluster = await Cluster.open(t, { servers: 0, serverFile: "tests/faults/flood_server.ts" });
  if (cluster === undefined) return undefined;
  await addServer(t, cluster);
  return cluster;
}

/** One more, to which both gates are linked. */
async function addServer(t: TestContext, cluster: Cluster): Promise<Server> {
  const server = await cluster.addServer({ DATA_DIR: dataFolder(t) });
  for (const gate of cluster.gates) await cluster.shows(gate, "croupier_links", cluster.servers.length);
  return server;
}

function seatEchoers(cluster: Cluster, rooms: number, ballastBytes = 0): Promise<Echoer[]> {
  const seats = Array.from({ length: rooms }, (_, at) => ({ entrance: cluster.door(at % 2), user: 1_000_000 + at, room: String(at + 1) }));
  return Promise.all(seats.map((seat) => Echoer.seat({ ...seat, everyMs: echoEveryMs, ballastBytes })));
}

async function rollOut(t: TestContext, cluster: Cluster, echoers: readonly Echoer[], rooms: number): Promise<Rollout[]> {
  const all: Rollout[] = [];
  for (let at = 0; at < rollouts; at++) {
    await sleep(betweenMs);
    all.push(await rollOutOnce(t, cluster, echoers));
  }
  const [frozen, pauses] = [all.flatMap(({ frozenMs }) => frozenMs), all.flatMap(({ pausesMs }) => pausesMs)];
  t.diagnostic(
    `F4 ${all.length} × ${rooms} rooms: exit after ${all.map(({ leftMs }) => leftMs.toFixed(0)).join(", ")} ms, ` +
      `${all.map(({ movesPerSecond }) => movesPerSecond.toFixed(0)).join(", ")} moves/s; nobody played for ${spreadOf(frozen)}; players waited for ${spreadOf(pauses)}`,
  );
  for (const { frozenMs } of all) assert.equal(frozenMs.length, rooms, "every room has moved");
  for (const echoer of echoers) assert.ok(echoer.isOpen, "nobody was closed");
  return all;
}

async function rollOutOnce(t: TestContext, cluster: Cluster, echoers: readonly Echoer[]): Promise<Rollout> {
  const [older] = cluster.servers;
  assert.ok(older !== undefined);
  await addServer(t, cluster);
  for (const echoer of echoers) echoer.start();
  await sleep(500);
  const startMs = performance.now();
  older.signal("SIGTERM");
  assert.deepEqual(await older.exited, { code: 0, signal: null }, older.errors);
  const leftMs = performance.now() - startMs;
  cluster.servers.shift();
  await sleep(1000);
  for (const echoer of echoers) echoer.stop();
  const moves = said(older.lines, "move end");
  const [begun] = said(older.lines, "drain start");
  const spanMs = Date.parse(moves.at(-1)?.["@timestamp"] ?? "") - Date.parse(begun?.["@timestamp"] ?? "");
  return {
    leftMs,
    movesPerSecond: moves.length / (spanMs / 1000),
    frozenMs: moves.map((move) => (move["event.duration"] ?? 0) / 1e6),
    pausesMs: echoers.map(({ tookMs }) => Math.max(...tookMs)),
  };
}

function assertQuick(all: readonly Rollout[], leaveWithinMs: number): void {
  for (const { leftMs } of all) assert.ok(leftMs <= leaveWithinMs * patience, `${leftMs} ms to leave`);
  const p99 = quantile(
    all.flatMap(({ pausesMs }) => pausesMs),
    0.99,
  );
  assert.ok(p99 <= pauseMsMax * patience, `a pause of ${p99} ms`);
}
