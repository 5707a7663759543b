/**
 * A gate is killed with -9 with thousands at it, and started again where it was: all of them come back, as the client library
 * does it, while others play on at a second gate.
 */
import { atOnce } from "#bench/at_once.ts";
import { benchCommands } from "#bench/game.ts";
import { Crowd } from "#bench/load.ts";
import { ofEach, type PerProcess } from "#bench/per_process.ts";
import type { Scenario, ScenarioOptions, Table } from "#bench/scenario.ts";
import { wire } from "#bench/subjects/croupier.ts";
import { Fleet } from "#bench/subjects/fleet.ts";
import { jwtKey } from "#bench/subjects/processes.ts";
import { type Client, connect, defineGame, isConnected } from "#clients/client.ts";
import { mintToken } from "#protocol/token.ts";
import { megabyte, quantile, sleep, until } from "#tests/faults/measure.ts";
import { RedisServer } from "#tests/support/redis_server.ts";

const clientsMax = 2000;
/** Of a shorter run. */
const clientsPerSecond = 1000;
const seats = 4;
const width = 32;
/** They stay at the other gate, and ask so many questions a second together. */
const stayers = { players: 100, playersPerRoom: seats, kind: "ask" } as const;
const questionsPerSecond = 500;
const sliceMs = 250;
const firstUser = 1_000_000;
const lookEveryMs = 50;
const seatedWithinMs = 120_000;

interface Storm {
  /** From the kill until the gate was there again. */
  readonly awayMs: number;
  /** From then on, until each had his seat. */
  readonly seatedMs: readonly number[];
  readonly refusals: number;
  readonly attempts: number;
  /** Waits of those who stayed, before and meanwhile. */
  readonly calmMs: readonly number[];
  readonly stormMs: readonly number[];
  readonly peakBytes: PerProcess;
}

export const storm: Scenario = {
  name: "storm",
  about: "a gate is killed and started again: its clients come back, all at once, while others play at another one",
  async run({ seconds }: ScenarioOptions): Promise<Table> {
    const clients = Math.min(clientsMax, Math.ceil(clientsPerSecond * seconds));
    const ends: (() => unknown)[] = [];
    const context = { after: (end: () => unknown) => void ends.unshift(end), skip: () => {} };
    try {
      const redis = await RedisServer.start(context);
      if (redis === undefined) return tableOf("Storm: not tried, there is no redis-server here", []);
      const fleet = await Fleet.start({ gates: 2, servers: 1, env: { REDIS_URL: redis.url } });
      ends.unshift(() => fleet.stop());
      return tableOf(`Storm: ${clients} clients, their gate killed and started again`, [rowOf(await befall(fleet, clients))]);
    } finally {
      for (const end of ends) await end();
    }
  },
};

async function befall(fleet: Fleet, clients: number): Promise<Storm> {
  const crowd = await Crowd.seat({ address: fleet.doorOf(1), wire }, stayers);
  const guests = Array.from({ length: clients }, (_, at) => new Guest(fleet.doorOf(0).port, firstUser + at));
  await atOnce(width, guests, (guest) => guest.come());
  const calm = await crowd.askAtPace(4 * sliceMs, questionsPerSecond);
  for (const guest of guests) guest.forget();
  const stormMs: number[] = [];
  const peakBytes: Record<string, number> = {};
  const killedMs = performance.now();
  let isOver = false;
  const isWatched = Promise.all([
    repeat(
      async () => stormMs.push(...(await crowd.askAtPace(sliceMs, questionsPerSecond)).latenciesMs),
      () => isOver,
    ),
    repeat(
      () => watch(fleet, peakBytes),
      () => isOver,
    ),
  ]);
  await fleet.restartGate(0);
  const readyMs = performance.now();
  await until("all seats", () => guests.every(({ isSeated }) => isSeated), seatedWithinMs);
  isOver = true;
  await isWatched;
  for (const guest of guests) guest.leave();
  crowd.leave();
  return {
    ...{ awayMs: readyMs - killedMs, seatedMs: guests.map(({ seatedAtMs }) => seatedAtMs - readyMs), peakBytes, stormMs },
    refusals: guests.reduce((sum, { refusals }) => sum + refusals, 0),
    attempts: Math.max(...guests.map(({ attempts }) => attempts)),
    calmMs: [...calm.latenciesMs],
  };
}

async function repeat(act: () => Promise<unknown>, isOver: () => boolean): Promise<void> {
  while (!isOver()) await act();
}

/** The most that was seen of each; of a gate that is being started again nothing is. */
async function watch(fleet: Fleet, peakBytes: Record<string, number>): Promise<void> {
  await sleep(lookEveryMs);
  const seen = ofEach(fleet, (process) => (process.isUp ? process.residentBytes : 0));
  for (const [name, bytes] of Object.entries(seen)) peakBytes[name] = Math.max(peakBytes[name] ?? 0, bytes || 0); // none of one that has just ended
}

const bench = defineGame({ name: "bench", commands: {}, events: { scene: [benchCommands.SCENE] } });

/** A player with the client library. */
class Guest {
  attempts = 0;
  refusals = 0;
  seatedAtMs = 0;
  readonly #port: number;
  readonly #user: number;
  #client: Client | undefined;

  constructor(port: number, user: number) {
    this.#port = port;
    this.#user = user;
  }

  /** Resolves when he has a seat. */
  async come(): Promise<void> {
    const seated = Promise.withResolvers<void>();
    this.#client = connect({ url: `ws://127.0.0.1:${this.#port}`, getToken: () => mintToken(this.#user, jwtKey) });
    this.#client.on("state", (state) => {
      if (state.is === "connecting" && !isConnected(state)) this.attempts += 1;
    });
    const room = this.#client.sit(bench, { room: String(Math.floor(this.#user / seats)) });
    room.on("refused", () => {
      this.refusals += 1;
    });
    room.on("scene", () => {
      this.seatedAtMs = performance.now();
      seated.resolve();
    });
    await seated.promise;
  }

  /** What was before is not counted. */
  forget(): void {
    this.attempts = this.refusals = this.seatedAtMs = 0;
  }

  get isSeated(): boolean {
    return this.seatedAtMs > 0;
  }

  leave(): void {
    void this.#client?.close();
  }
}

function tableOf(title: string, rows: Table["rows"]): Table {
  const seated = ["the gate was away, ms", "seats after it was back: p50 ms", "p99", "the last one", "refusals", "attempts at most"];
  const memory = ["peak MB of the gate", "of the other gate", "of the game server"];
  return { title, columns: [...seated, ...memory, "those who stayed: p99 ms before", "p99 ms meanwhile"], rows, targets: [] };
}

function rowOf({ awayMs, seatedMs, refusals, attempts, calmMs, stormMs, peakBytes }: Storm): (string | number)[] {
  const peak = (name: string): number => (peakBytes[name] ?? Number.NaN) / megabyte;
  return [
    ...[awayMs.toFixed(0), quantile(seatedMs, 0.5), quantile(seatedMs, 0.99), Math.max(...seatedMs), refusals, attempts],
    ...[peak("gate 1"), peak("gate 2"), peak("game server 1"), quantile(calmMs, 0.99), quantile(stormMs, 0.99)],
  ];
}
