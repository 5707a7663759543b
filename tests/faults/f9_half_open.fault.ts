/**
 * F9: half-open TCP. Through a proxy that stops passing anything, with no FIN and no RST,
 * 50 clients are lost, and then a link in either direction. The heartbeat finds the former
 * and tells their rooms once; the link's beats find the latter, and nothing is lost (P3, P7).
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { frame } from "#protocol/frame.ts";
import { Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { Verdict } from "#simulation/verdict.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { type Direction, TcpProxy } from "#tests/support/tcp_proxy.ts";
import { Command, pour } from "./flood.ts";
import { storedBooks } from "./ledger_crowd.ts";
import { LedgerSeats } from "./ledger_seats.ts";
import { collectedOften, isFull, kilobyte, MemoryWatch, median, megabyte, patience, Scrape, sleep, until } from "./measure.ts";

const timeout = 180_000;
/** In each room two clients are lost; in every other one a third, who is back before the gate knows: 50. */
const roomCount = 20;
const lostCount = 50;
const backAfterMs = 1000;
const queueBytes = 256 * kilobyte;
const pongTimeoutMs = 3000;
/** So many bytes, so often, to everybody. */
const poured = [8 * kilobyte, 50] as const;
/** A client is pinged and judged three times in a timeout; what it takes to tell its room is added. */
const closedNotBeforeMs = pongTimeoutMs - pongTimeoutMs / 3 - 250;
const closedWithinMs = pongTimeoutMs + pongTimeoutMs / 3 + 250;

/** One half-open client, and who hears of it. */
interface Lost {
  readonly player: Player;
  /** What is said of him: that he is offline, or has risen; or, when he is back in time, that he is here. */
  readonly line: string;
  readonly isBackInTime: boolean;
  readonly witnesses: readonly Witness[];
}

/** A player at the gate itself: when it heard who went and who came back. */
class Witness {
  readonly player: Player;
  readonly heard: { line: string; atMs: number }[] = [];

  constructor(player: Player) {
    this.player = player;
    player.socket.on("message", () => this.#take());
  }

  timesOf(line: string): number[] {
    return this.heard.filter((said) => said.line === line).map(({ atMs }) => atMs);
  }

  #take(): void {
    const lines = this.player.heard.splice(0).filter((line) => /^(StandUp|Online) /.test(line));
    for (const line of lines) this.heard.push({ line, atMs: performance.now() });
  }
}

test("[F9][P7] 50 half-open clients are closed by the heartbeat, their rooms hear it once, and what waits for them is bounded", {
  timeout,
}, async (t) => {
  const server = await Server.start(t, "tests/faults/flood_server.ts");
  const env = { GAME_SERVERS: `flood=127.0.0.1:${server.port}`, PONG_TIMEOUT: `${pongTimeoutMs}ms`, ...collectedOften };
  const gate = await Server.start(t, "gate_server/main.ts", env);
  const proxy = await TcpProxy.open(t, gate.port);
  const lost = await seatEverybody(gate.port, proxy.port);
  const [inTime, gone] = [lost.filter(({ isBackInTime }) => isBackInTime), lost.filter(({ isBackInTime }) => !isBackInTime)];
  for (const { witnesses } of lost) witnesses[0]?.player.send(pour(...poured));
  const memory = new MemoryWatch(gate);
  await sleep(isFull ? 10_000 : 5000);

  const filesBefore = (await Scrape.of(gate)).value("process_open_fds");
  memory.troubleBegins();
  const stoppedMs = performance.now();
  proxy.stop();
  await sleep(backAfterMs);
  await comeBack(gate.port, inTime);
  await until("the word of all ends", () => lost.every(isTold));
  const heardMs = gone.flatMap(({ line, witnesses }) => witnesses.flatMap((witness) => witness.timesOf(line))).map((at) => at - stoppedMs);
  const filesLeft = filesBefore - gone.length + 2; // the admin listener keeps a connection or two
  await until("the sockets to be given back", async () => (await Scrape.of(gate)).value("process_open_fds") <= filesLeft);
  const freedMs = performance.now() - stoppedMs;
  const growth = await memory.growthBytes();
  const after = await Scrape.of(gate);
  proxy.go(); // what was stopped arrives, and nobody shall hear of it
  await sleep(500);
  for (const each of lost) assertToldOnce(each);
  await comeBack(
    gate.port,
    gone.filter(({ line }) => line.startsWith("Online -")),
  );

  const saidBytes = (poured[0] * pongTimeoutMs) / poured[1];
  t.diagnostic(
    `F9 clients: ${lostCount} half open; rooms told after ${shown(heardMs)} ms, sockets given back after ${freedMs.toFixed(0)} ms`,
  );
  t.diagnostic(
    `F9 clients: ${inTime.length} of them were back after ${backAfterMs} ms: rooms heard that once, and never that they had been gone`,
  );
  t.diagnostic(
    `F9 clients: gate memory +${(growth / megabyte).toFixed(1)} MB over ${(memory.usualBytes / megabyte).toFixed(0)} MB, ` +
      `${(saidBytes / kilobyte).toFixed(0)} KB said to each meanwhile`,
  );
  assert.equal(after.value("croupier_session_ends_total", 'end="silent"'), lostCount);
  assert.equal(after.value("croupier_session_ends_total"), lostCount);
  assert.ok(Math.max(...heardMs) <= closedWithinMs * patience, `the last one was told after ${Math.max(...heardMs)} ms`);
  assert.ok(Math.min(...heardMs) >= closedNotBeforeMs, `the first one was told after ${Math.min(...heardMs)} ms already`);
  assert.ok(growth <= lostCount * queueBytes + 20 * megabyte, `memory grew by ${growth} bytes`);
});

function isTold({ line, witnesses }: Lost): boolean {
  return witnesses.every((witness) => witness.timesOf(line).length > 0);
}

/** Of this player nothing else was ever said. */
function assertToldOnce({ line, player, witnesses }: Lost): void {
  const about = new RegExp(`^(StandUp |Online -?)${player.user}$`);
  for (const { heard } of witnesses) {
    assert.deepEqual(
      heard.filter((said) => about.test(said.line)).map((said) => said.line),
      [line],
    );
  }
}

/** In each room two witnesses at the gate, and two or three players through the proxy, of whom one may not leave. */
async function seatEverybody(gatePort: number, proxyPort: number): Promise<Lost[]> {
  const rooms = Array.from({ length: roomCount }, async (_, at) => {
    const seat = { game_name: "flood", room_id: String(at + 1) };
    const sit = async (port: number, user: number): Promise<Player> => {
      const player = await Player.seated(port, at * 10 + user, seat);
      await player.hearUntil(String(Command.ARRIVED));
      return player;
    };
    const witnesses = [new Witness(await sit(gatePort, 1)), new Witness(await sit(gatePort, 2))];
    const [stays, rises] = [await sit(proxyPort, 3), await sit(proxyPort, 4)];
    stays.send(frame(Command.STAY));
    await stays.hearUntil(String(Command.STAYS));
    const returns = at % 2 === 0 ? [await sit(proxyPort, 5)] : [];
    return [
      { player: stays, line: `Online -${stays.user}`, isBackInTime: false, witnesses },
      { player: rises, line: `StandUp ${rises.user}`, isBackInTime: false, witnesses },
      ...returns.map((player) => ({ player, line: `Online ${player.user}`, isBackInTime: true, witnesses })),
    ];
  });
  return (await Promise.all(rooms)).flat();
}

/** They come to the gate itself, ask for another room, and are led back to their seats. */
async function comeBack(port: number, players: readonly Lost[]): Promise<void> {
  const back = await Promise.all(players.map(({ player }) => Player.seated(port, player.user, { game_name: "flood", room_id: "999" })));
  await Promise.all(back.map((player) => player.hearUntil(`Online ${player.user}`)));
  await until("everybody to hear of them", () => players.every(({ player, witnesses }) => hasOnce(witnesses, `Online ${player.user}`)));
}

function hasOnce(witnesses: readonly Witness[], line: string): boolean {
  return witnesses.every((witness) => witness.timesOf(line).length === 1);
}

function shown(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)} (median ${median(values).toFixed(0)})`;
}

const ledgerRooms = isFull ? 20 : 5;
/** A room keeps 64 outputs for a lost gate, two for each entry: this is what four players say in the time that is left to notice. */
const entryEveryMs = 650;
const noticedWithinMs = 3000;

const directions = { both: "both ways", toServer: "towards the game server", toClient: "towards the gate" } as const;

test("[F9][P3] a link half open", { concurrency: 3, timeout }, async (t) => {
  const tests = Object.entries(directions).map(([direction, what]) =>
    t.test(`${what}: noticed within 3 s at both ends, nobody is closed, nothing is lost or doubled`, async (each) => {
      for (let at = 0; at < (isFull ? 3 : 1); at++) await halfOpenLink(each, direction as Direction, what);
    }),
  );
  await Promise.all(tests);
});

async function halfOpenLink(t: TestContext, direction: Direction, what: string): Promise<void> {
  const folder = dataFolder(t);
  const server = await Server.start(t, "tests/faults/flood_server.ts", { DATA_DIR: folder });
  const proxy = await TcpProxy.open(t, server.port);
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `ledger=127.0.0.1:${proxy.port}` });
  const verdict = new Verdict({ forgets: false, outlasts: false, dissolves: "nobody" });
  const seats = await LedgerSeats.open({ entrances: [gate.port], rooms: ledgerRooms, verdict });
  await seats.write(entryEveryMs);
  await sleep(1500);

  const sentBefore = seats.sum("sent");
  const stoppedMs = performance.now();
  proxy.stop(direction);
  const noticedMs = await Promise.all([gate, server].map((end) => end.logged("link down").then(() => performance.now() - stoppedMs)));
  await until("everybody to be held and resumed", () => seats.all.every(({ notices }) => notices.length >= 2));
  const sentMeanwhile = seats.sum("sent") - sentBefore;
  const [heldMs, resumedMs] = [0, 1].map((at) => seats.all.map(({ notices }) => (notices[at]?.atMs ?? 0) - stoppedMs));
  await sleep(1500);
  proxy.go(); // what was stopped on the old way arrives now, and must not matter
  await sleep(500);
  seats.rest();
  await seats.answered();
  await sleep(300);
  seats.assertKept([Notice_Reason.HELD, Notice_Reason.RESUMED]);
  verdict.end({ books: storedBooks(folder), ended: new Map() });
  assert.deepEqual(verdict.violations, []);
  assert.equal((await Scrape.of(gate)).value("croupier_session_ends_total"), 0);
  seats.leave();

  const [gateMs = Number.NaN, serverMs = Number.NaN] = noticedMs;
  t.diagnostic(
    `F9 link ${what}: gate noticed after ${gateMs.toFixed(0)} ms, game server after ${serverMs.toFixed(0)} ms; ` +
      `${seats.all.length} sessions held after ${shown(heldMs ?? [])} ms, resumed after ${shown(resumedMs ?? [])} ms`,
  );
  t.diagnostic(`F9 link ${what}: ${verdict.inputs} inputs, ${sentMeanwhile} of them meanwhile, ${verdict.receipts} receipts`);
  for (const ms of noticedMs) assert.ok(ms <= noticedWithinMs * patience, `noticed after ${ms} ms`);
  assert.ok(Math.max(...(resumedMs ?? [])) <= (noticedWithinMs + 1000) * patience, "resumed too late");
}
