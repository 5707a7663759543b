/**
 * Players who sit and say nothing: what each of them costs of memory, in processes that nobody else has asked. Half as many
 * come first and stay, so that what a process needs anyway, and what was left of its start, is there before.
 */
import { atOnce } from "#bench/at_once.ts";
import { settle } from "#bench/cpu_watch.ts";
import { dividedBy, growthOf, ofEach, type PerProcess, sumOf } from "#bench/per_process.ts";
import type { RawSocket } from "#bench/raw_socket.ts";
import { atMost, type Scenario, type ScenarioOptions, type Table } from "#bench/scenario.ts";
import { join, type Subject } from "#bench/subject.ts";
import { Colyseus } from "#bench/subjects/colyseus.ts";
import { Croupier } from "#bench/subjects/croupier.ts";
import { Floor } from "#bench/subjects/floors.ts";
import { names } from "#bench/subjects_at_hand.ts";
import { kilobyte, sleep } from "#tests/faults/measure.ts";

const playersMax = 5000;
/** Of a shorter run. */
const playersPerSecond = 2500;
/** For each second that was asked for: of two, everybody has been pinged once. */
const idleMsPerSecond = 12_000;
const width = 32;
const seats = 4;
const gateKilobytesMax = 12;
const serverKilobytesMax = 4;

interface Idle {
  readonly name: string;
  /** Kilobytes of each process for each player: as it is, and when it has thrown away what it does not hold. */
  readonly asIs: PerProcess;
  readonly settled: PerProcess;
}

export const idle: Scenario = {
  name: "idle",
  about: "players who sit and say nothing: the memory of each",
  async run({ seconds, subjects }: ScenarioOptions): Promise<Table> {
    const players = Math.min(playersMax, Math.ceil(playersPerSecond * seconds));
    const all: Idle[] = [];
    const starts = subjects.all.flatMap(({ name }) => kinds[name] ?? []);
    for (const start of starts) all.push(await measure(await start(), players, seconds * idleMsPerSecond));
    const { gate = Number.NaN, "game server": server = Number.NaN } = all[0]?.settled ?? {};
    return {
      title: `Idle: ${players} seated players, rooms of ${seats}, heartbeats on; resident KB a player, of a collected heap`,
      columns: ["", "KB a player", "of it the gate", "of it the game server", "KB before collecting"],
      rows: all.map(({ name, asIs, settled }) => [
        ...[name, sumOf(settled), settled["gate"] ?? Number.NaN, settled["game server"] ?? Number.NaN, sumOf(asIs)],
      ]),
      targets: [
        ...atMost(gateKilobytesMax, gate, `idle: KB of a player in the gate ≤ ${gateKilobytesMax}`),
        ...atMost(serverKilobytesMax, server, `idle: KB of a player in the game server ≤ ${serverKilobytesMax}`),
      ],
    };
  },
};

/** Whoever is at hand has been asked before: another one is started of each. */
const kinds: Readonly<Record<string, () => Promise<Subject>>> = {
  [names.croupier]: () => Croupier.start(names.croupier),
  "bare ws": Floor.bareWs,
  "two hops": Floor.twoHops,
  [names.floor]: Floor.once,
  [names.durableFloor]: Floor.durable,
  [names.colyseus]: Colyseus.start,
};

async function measure(subject: Subject, players: number, idleMs: number): Promise<Idle> {
  try {
    const sockets = await seat(subject, 0, Math.ceil(players / 2));
    await settle(subject, Object.values(subject.processes));
    const before = residentOf(subject);
    sockets.push(...(await seat(subject, sockets.length, players)));
    await sleep(idleMs);
    const asIs = perPlayer(subject, before, players);
    await settle(subject, Object.values(subject.processes));
    const settled = perPlayer(subject, before, players);
    for (const socket of sockets) socket.close();
    return { name: subject.name, asIs, settled };
  } finally {
    await subject.stop();
  }
}

async function seat(subject: Subject, from: number, players: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  await atOnce(width, Array(players).keys(), async (at) => {
    const user = from + at + 1;
    sockets.push(await join(subject, user, Math.ceil(user / seats)));
  });
  return sockets;
}

function perPlayer(subject: Subject, before: PerProcess, players: number): PerProcess {
  return dividedBy(growthOf(residentOf(subject), before), players * kilobyte);
}

function residentOf(subject: Subject): PerProcess {
  return ofEach(subject, ({ residentBytes }) => residentBytes);
}
