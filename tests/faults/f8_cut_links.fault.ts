/**
 * F8: gates and game servers cut off from each other, through proxies under the addresses
 * that the servers advertise: nothing passes, on no connection there is and on none that is
 * tried, and what was on its way arrives when the way goes on. Links are cut one after another and healed in
 * another order. Patient players write all the time; others come and go.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { says } from "#tests/support/said.ts";
import type { TcpProxy } from "#tests/support/tcp_proxy.ts";
import { LedgerCluster, type ServerPart } from "./ledger_cluster.ts";
import { storedRooms } from "./ledger_crowd.ts";
import type { LedgerSeat } from "./ledger_seat.ts";
import { LedgerSeats } from "./ledger_seats.ts";
import { isFull, patience, sleep, until } from "./measure.ts";

const lengthsMs = isFull ? [5000, 60_000] : [5000, 10_000];
/**
 * A room keeps 64 outputs for a gate that is away (PROTOCOL §6), and what another gate has kept through a long cut brings more
 * than that: who attaches some milliseconds later hears Disconnect 0, as he should. So nobody shares a room with another gate's.
 */
const patient = { first: 1_000_000, rooms: 6, isByRoom: true };
/** In a minute a gate keeps a hundred for each player, and none is refused. */
const entryEveryMs = 650;
const gates = 2;
const betweenMs = 1000;
const noticedWithinMs = 3000;
const caughtUpWithinMs = 2000;
/** In which the servers' ways are healed, which were cut from the first to the last. */
const healingOrder = [2, 0, 1];

/** One game server, cut off: who plays there, and what became of it. */
interface Way {
  readonly server: ServerPart;
  readonly proxy: TcpProxy;
  readonly seats: readonly LedgerSeat[];
  cutAtMs: number;
  /** From the healing until everything that had been sent before it was answered. */
  caughtUpMs: number;
}

test(`[F8][P3][P4] gates and game servers cut off from each other for ${lengthsMs.map((ms) => ms / 1000).join(" s and ")} s: noticed, kept, caught up, nothing twice`, {
  timeout: 300_000,
}, async (t) => {
  const cluster = await LedgerCluster.open(t, { players: 8, rooms: 3, seed: 8, gates: 0, servers: 0 });
  if (cluster === undefined) return;
  const proxies: TcpProxy[] = [];
  for (let at = 0; at < healingOrder.length; at++) proxies.push(await cluster.addServerBehindProxy());
  for (let at = 0; at < gates; at++) await cluster.addGate(); // not before: whoever plays first would open all rooms at the first server
  await cluster.linked();
  const seats = await LedgerSeats.open({ ...patient, entrances: cluster.ports, verdict: cluster.verdict });
  await seats.write(entryEveryMs);
  const ways = cluster.servers.map((server, at) => wayOf(server, proxies[at] as TcpProxy, seats));
  for (const lengthMs of lengthsMs) await cutAndHeal(t, ways, seats, lengthMs);
  seats.rest();
  await seats.answered();
  seats.assertKept(lengthsMs.flatMap(() => [Notice_Reason.HELD, Notice_Reason.RESUMED]));
  await cluster.end();
  seats.leave();
  t.diagnostic(
    `F8 ${cluster.verdict.inputs} inputs, ${cluster.verdict.receipts} receipts, ${seats.sum("answered")} of them to patient players`,
  );
});

function wayOf(server: ServerPart, proxy: TcpProxy, { all }: LedgerSeats): Way {
  const users = new Set(storedRooms(server.folder).flatMap((room) => room.seats.map(({ user }) => user)));
  const seats = all.filter(({ user }) => users.has(user));
  assert.ok(seats.length > 0, `nobody plays at ${server.name}`);
  return { server, proxy, seats, cutAtMs: 0, caughtUpMs: Number.NaN };
}

async function cutAndHeal(t: TestContext, ways: readonly Way[], seats: LedgerSeats, lengthMs: number): Promise<void> {
  await sleep(2000);
  const heldBefore = seats.all[0]?.notices.length ?? 0;
  const linesBefore = ways.map(({ server }) => server.member.process.lines.length);
  for (const way of ways) {
    way.cutAtMs = performance.now();
    way.proxy.cut();
    await sleep(betweenMs);
  }
  await sleep(lengthMs - betweenMs);
  const healed: Promise<void>[] = [];
  for (const at of healingOrder) {
    healed.push(heal(ways[at] as Way));
    await sleep(betweenMs);
  }
  await Promise.all(healed);
  const noticedMs = ways.flatMap((way) => way.seats.map(({ notices }) => (notices[heldBefore]?.atMs ?? Number.NaN) - way.cutAtMs));
  for (const [at, { server }] of ways.entries()) assertNoticed(server, linesBefore[at] ?? 0);
  const caughtUpMs = ways.map((way) => way.caughtUpMs);
  t.diagnostic(
    `F8 ${lengthMs / 1000} s: sessions held after at most ${Math.max(...noticedMs).toFixed(0)} ms, ` +
      `caught up ${caughtUpMs.map((ms) => ms.toFixed(0)).join(", ")} ms after healing`,
  );
  assert.ok(Math.max(...noticedMs) <= noticedWithinMs * patience, `noticed after ${Math.max(...noticedMs)} ms`);
  assert.ok(Math.max(...caughtUpMs) <= caughtUpWithinMs * patience, `caught up after ${Math.max(...caughtUpMs)} ms`);
}

async function heal(way: Way): Promise<void> {
  const healedMs = performance.now();
  const wanted = way.seats.map((seat) => ({ seat, count: seat.sent }));
  way.proxy.go();
  await until("everybody to catch up", () => wanted.every(({ seat, count }) => seat.answered >= count));
  way.caughtUpMs = performance.now() - healedMs;
}

/** The game server has lost each gate once. */
function assertNoticed({ member, name }: ServerPart, from: number): void {
  const lost = member.process.lines.slice(from).filter(says("link down"));
  assert.ok(lost.length >= 2, `${name} has lost ${lost.length} links`);
}
