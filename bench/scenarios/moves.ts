/**
 * Rooms go from one game server to the other, and back, while a player of each asks all the time: an operator's request
 * for each, many at once. A pause is the longest that he has waited for an answer meanwhile.
 */
import { atOnce } from "#bench/at_once.ts";
import { CpuWatch, quiet } from "#bench/cpu_watch.ts";
import { dividedBy, sumOf } from "#bench/per_process.ts";
import type { Pinned } from "#bench/pinned.ts";
import { masked, type RawSocket } from "#bench/raw_socket.ts";
import { atLeast, type Scenario, type ScenarioOptions, type Table } from "#bench/scenario.ts";
import { join } from "#bench/subject.ts";
import { wire } from "#bench/subjects/croupier.ts";
import { Fleet } from "#bench/subjects/fleet.ts";
import { portsOf } from "#bench/subjects/processes.ts";
import type { RoomsPageView } from "#protocol/admin_views.ts";
import { median, quantile, sleep } from "#tests/faults/measure.ts";

const roomsPerSecond = 100;
const seats = 4;
/** Requests under way: more than rooms that a server lets go at once. */
const width = 32;
/** Between an answer and the next question. */
const thinkMs = 10;
const question = masked(wire.ask(Buffer.alloc(8)));
const movesPerSecondMin = 200;

interface Round {
  readonly perSecond: number;
  /** CPU microseconds of all processes for each move, questions too. */
  readonly cpu: number;
  readonly pausesMs: readonly number[];
}

export const moves: Scenario = {
  name: "moves",
  about: "rooms go from one game server to the other and back, while players ask",
  async run({ rounds, seconds }: ScenarioOptions): Promise<Table> {
    const rooms = Math.ceil(roomsPerSecond * seconds);
    const fleet = await Fleet.start({ gates: 1, servers: 2 });
    try {
      const askers = await seat(fleet, rooms);
      const all: Round[] = [];
      for (let round = 0; round <= rounds; round++) all.push(...(await thereAndBack(fleet, askers)));
      const [, , ...counted] = all; // the first time is not
      const perSecond = median(counted.map((round) => round.perSecond));
      const pauses = counted.flatMap(({ pausesMs }) => pausesMs);
      return {
        title: `Moves: ${rooms} rooms of ${seats}, between two game servers, ${width} requests under way`,
        columns: ["rooms moved", "moves/s", "CPU µs a move, questions too", "pause p50 ms", "p99", "longest"],
        rows: [
          [
            ...[String(pauses.length), perSecond, median(counted.map(({ cpu }) => cpu))],
            ...[quantile(pauses, 0.5), quantile(pauses, 0.99), Math.max(...pauses)],
          ],
        ],
        targets: atLeast(movesPerSecondMin, perSecond, `moves: moves/s ≥ ${movesPerSecondMin}`),
      };
    } finally {
      await fleet.stop();
    }
  },
};

/** All rooms are full; one player of each will ask. */
async function seat(fleet: Fleet, rooms: number): Promise<Asker[]> {
  const askers: Asker[] = [];
  await atOnce(width, Array(rooms * seats).keys(), async (at) => {
    const socket = await join({ address: fleet.doorOf(0), wire }, at + 1, Math.floor(at / seats) + 1);
    if (at % seats === 0) askers.push(new Asker(socket));
  });
  await moveAll(fleet.servers[1], fleet.servers[0]);
  return askers;
}

async function thereAndBack(fleet: Fleet, askers: readonly Asker[]): Promise<Round[]> {
  const [first, second] = fleet.servers;
  return [await moveOnce(fleet, askers, first, second), await moveOnce(fleet, askers, second, first)];
}

async function moveOnce(fleet: Fleet, askers: readonly Asker[], from: Pinned | undefined, to: Pinned | undefined): Promise<Round> {
  await quiet(fleet);
  for (const asker of askers) asker.start();
  await sleep(10 * thinkMs);
  for (const asker of askers) asker.longestMs = 0;
  const [watch, startMs] = [new CpuWatch(fleet), performance.now()];
  const moved = await moveAll(from, to);
  const [seconds, cpu] = [(performance.now() - startMs) / 1000, sumOf(dividedBy(watch.spent, moved))];
  await Promise.all(askers.map((asker) => asker.stop()));
  return { perSecond: moved / seconds, cpu, pausesMs: askers.map(({ longestMs }) => longestMs) };
}

/** Gives how many have gone. @throws when one has not. */
async function moveAll(from: Pinned | undefined, to: Pinned | undefined): Promise<number> {
  if (from === undefined || to === undefined) return 0;
  const admin = `http://127.0.0.1:${portsOf(from).adminPort}`;
  const taker = `127.0.0.1:${portsOf(to).port}`;
  const lives = await livesAt(admin);
  await atOnce(width, lives, async (life) => {
    const answer = await fetch(`${admin}/rooms/${life}/move?to=${encodeURIComponent(taker)}`, { method: "POST" });
    if (!answer.ok) throw new Error(`${life} has not moved: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  });
  return lives.length;
}

async function livesAt(admin: string): Promise<string[]> {
  const lives: string[] = [];
  for (let after = ""; ; ) {
    const page = (await (await fetch(`${admin}/rooms?limit=1000${after}`)).json()) as RoomsPageView;
    lives.push(...page.rooms.map(({ life }) => life));
    if (page.next === undefined) return lives;
    after = `&after=${page.next}`;
  }
}

/** Asks again as soon as he is answered. */
class Asker {
  /** He has waited for an answer. */
  longestMs = 0;
  readonly #socket: RawSocket;
  #askedAtMs = 0;
  #isOn = false;
  #onAnswered: () => void = () => {};

  constructor(socket: RawSocket) {
    this.#socket = socket;
    socket.onMessage = (message) => {
      if (wire.payloadAt(message) !== -1) this.#onAnswer();
    };
  }

  start(): void {
    this.#isOn = true;
    this.#ask();
  }

  /** Resolves with the last answer. */
  async stop(): Promise<void> {
    this.#isOn = false;
    await new Promise<void>((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  #ask(): void {
    this.#askedAtMs = performance.now();
    this.#socket.send(question);
  }

  #onAnswer(): void {
    this.longestMs = Math.max(this.longestMs, performance.now() - this.#askedAtMs);
    if (this.#isOn) setTimeout(() => this.#ask(), thinkMs);
    else this.#onAnswered();
  }
}
