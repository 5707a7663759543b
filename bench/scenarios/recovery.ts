/**
 * A game server of many rooms is killed with -9 in the middle of their games, and started again. Players of some of the rooms
 * have said something meanwhile, and wait for its answer; the others are copies of theirs, whose players are away.
 */
import { atOnce } from "#bench/at_once.ts";
import { masked, type RawSocket } from "#bench/raw_socket.ts";
import { atMost, type Scenario, type ScenarioOptions, type Table } from "#bench/scenario.ts";
import { join } from "#bench/subject.ts";
import { Croupier, diceWire } from "#bench/subjects/croupier.ts";
import { names } from "#bench/subjects_at_hand.ts";
import { openSqliteJournal } from "#game_server/journal_sqlite.ts";
import { frame } from "#protocol/frame.ts";
import { Command as Dice } from "#protocol/gen/dice_pb.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { median, quantile } from "#tests/faults/measure.ts";
import { storedRows } from "#tests/support/data_folder.ts";

const roomsMax = 20_000;
/** Of a shorter run. */
const roomsPerSecond = 10_000;
const playersMax = 400;
const seats = 4;
const width = 32;
const copiesPerCommit = 100;
/** So many copies of a room have their users from here on. */
const firstCopied = 10_000_000;
const readyMsMax = 3000;
const shake = masked(frame(Dice.SHAKE));

interface Recovery {
  /** From the start of the process until it is ready. */
  readonly readyMs: number;
  /** From then on, until each of those who wait has heard something. */
  readonly answeredMs: readonly number[];
}

export const recovery: Scenario = {
  name: "recovery",
  about: "a game server is killed with -9 in the middle of its rooms' games, and started again",
  async run({ rounds, seconds }: ScenarioOptions): Promise<Table> {
    const rooms = Math.min(roomsMax, Math.ceil(roomsPerSecond * seconds));
    const players = Math.min(playersMax, seats * Math.ceil(rooms / seats / 10));
    const croupier = await Croupier.start(names.croupier);
    try {
      const sockets = await seat(croupier, players);
      const few: Recovery[] = [];
      const many: Recovery[] = [];
      for (let round = 0; round < rounds; round++) few.push(await recover(croupier, sockets));
      many.push(await recover(croupier, sockets, () => copyRooms(croupier, rooms)));
      for (let round = 1; round < rounds; round++) many.push(await recover(croupier, sockets));
      const ready = median(many.map(({ readyMs }) => readyMs));
      return {
        title: `Recovery: kill -9 with ${rooms} rooms of dice mid-game, ${players} players at the gate`,
        columns: ["rooms in the journal", "ms from start to ready", "ms to the first answer, p50", "p99", "the last one's"],
        rows: [rowOf(players / seats, few), rowOf(rooms, many)],
        targets: atMost(readyMsMax, ready, `recovery: ms from start to ready with ${rooms} rooms ≤ ${readyMsMax}`),
      };
    } finally {
      await croupier.stop();
    }
  },
};

async function seat(croupier: Croupier, players: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  await atOnce(width, Array(players).keys(), async (at) => {
    const socket = await join({ address: croupier.address, wire: diceWire }, at + 1, Math.floor(at / seats) + 1);
    if (at % seats === 0) socket.send(shake);
    sockets.push(socket);
  });
  return sockets;
}

async function recover(croupier: Croupier, sockets: readonly RawSocket[], meanwhile = async () => {}): Promise<Recovery> {
  const answers: Promise<number>[] = [];
  const readyMs = await croupier.restartServer(async () => {
    await meanwhile();
    for (const socket of sockets) answers.push(firstAnswer(socket));
  });
  const readyAtMs = performance.now();
  const atMs = await Promise.all(answers);
  return { readyMs, answeredMs: atMs.map((ms) => Math.max(0, ms - readyAtMs)) };
}

/** He rolls; whether he may or not he is told. When, on our clock. */
function firstAnswer(socket: RawSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.onMessage = (message) => {
      const command = message.readUInt32BE(0);
      if (command === Dice.SHAKE || command === Command.ERROR) resolve(performance.now());
    };
    socket.send(shake);
  });
}

/** Fills the journal of a server that is not running with copies of its first room. */
async function copyRooms({ folder }: Croupier, rooms: number): Promise<void> {
  const stored = storedRows(folder);
  const value = JSON.parse(stored[0]?.value ?? "{}") as Record<string, unknown> & { readonly seats: readonly object[] };
  const journal = await openSqliteJournal({ folder, sync: "os", clock: systemClock, entropy: systemEntropy, log: silentLog });
  for (let first = stored.length; first < rooms; first += copiesPerCommit) {
    const kept = Array.from({ length: Math.min(copiesPerCommit, rooms - first) }, (_, at) => {
      const number = firstCopied + first + at;
      const life = number.toString(16).padStart(16, "0");
      const copiedSeats = value.seats.map((seat, index) => ({ ...seat, user: number * seats + index }));
      return { life, value: JSON.stringify({ ...value, life, room: String(number), seats: copiedSeats }) };
    });
    journal.commit({ clockMs: journal.clockMs, kept, ended: [] });
  }
  journal.close();
}

function rowOf(rooms: number, all: readonly Recovery[]): (string | number)[] {
  const answered = all.flatMap(({ answeredMs }) => answeredMs);
  const last = median(all.map(({ answeredMs }) => Math.max(...answeredMs)));
  return [String(rooms), median(all.map(({ readyMs }) => readyMs)), quantile(answered, 0.5), quantile(answered, 0.99), last];
}
