/**
 * What the journal costs a roll: rooms of four at dice, in one process without sockets, some of
 * which roll in every turn. Kinds of journal take turns within one run, so that their ratio
 * holds on a noisy machine.
 *
 *     npm run bench:journal
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirectoryForServers } from "#fleet/directory.ts";
import type { Exit } from "#game_server/exit.ts";
import { dice } from "#game_server/games/dice/dice.ts";
import type { Journal } from "#game_server/journal.ts";
import { memoryJournal } from "#game_server/journal_memory.ts";
import { openSqliteJournal } from "#game_server/journal_sqlite.ts";
import type { Room } from "#game_server/room.ts";
import { Rooms } from "#game_server/rooms.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { encode } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/dice_pb.ts";
import { Int32Schema } from "#protocol/gen/frame_pb.ts";
import { type Clock, systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";

const roomsCount = 200;
const seats = 4;
const rounds = 15;
const turnsPerRound = 200;
const roll = encode(Command.SHAKE, Int32Schema, { v: 0 });

const directory: DirectoryForServers = {
  isReachable: true,
  claim: async () => ({ is: "claimed" }),
  release: () => {},
  end: () => {},
  move: async () => "moved",
  keep: async () => "unknown",
  where: async () => undefined,
  raise: () => {},
};

/** A clock whose turns end when the bench says so. */
class TurnClock implements Clock {
  #ends: (() => void)[] = [];
  readonly now = systemClock.now;
  readonly wall = systemClock.wall;

  after(): { cancel(): void } {
    return { cancel: () => {} };
  }

  every(): { cancel(): void } {
    return { cancel: () => {} };
  }

  turnEnd(run: () => void): void {
    this.#ends.push(run);
  }

  endTurn(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

/** A server's rooms, full of players who have not rolled. */
class Table {
  readonly #clock = new TurnClock();
  readonly #rooms: Rooms;
  readonly #journal: Journal;
  readonly #exit: Exit;
  readonly #numbers = new Map<number, number>();
  #open: Room[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
    const confirm = (life: string, number: number): void => this.#rooms.known(life)?.confirm("gate", number);
    this.#exit = {
      ...{ gate: "gate", isUp: true, moved: () => {}, again: () => {}, confirmsAtOnce: false, ack: () => {}, flush: () => {} },
      output: (life, number) => confirm(life, number),
    };
    this.#rooms = new Rooms({
      ...{ clock: this.#clock, entropy: systemEntropy, log: silentLog, directory, journal, watchdog: noWatchdog },
      ...{ games: new Map([[dice.name, dice]]), development: true, seats, watchersMax: 64, holdMs: 105_000, roomsMax: 100_000 },
      ...{ onRefused: () => {}, onChange: () => {}, onTurnEnd: () => {}, onStalled: () => {}, onParked: () => {}, onDone: () => {} },
      ...{ mayPlay: () => true, onLapsed: () => {} },
    });
    for (let at = 0; at < roomsCount; at++) this.#fill(String(at + 1));
    this.#clock.endTurn();
  }

  /** So many rooms in a turn; in each, one player rolls (a repeated roll is refused, and that is committed too). Gives microseconds. */
  turn(rooms: number, first: number): number {
    const startMs = performance.now();
    for (let at = 0; at < rooms; at++) {
      const index = (first + at) % roomsCount;
      const session = index * seats + 1;
      const number = (this.#numbers.get(session) ?? 1) + 1;
      this.#numbers.set(session, number);
      this.#open[index]?.input(this.#exit, session, number, roll);
    }
    this.#clock.endTurn();
    return (performance.now() - startMs) * 1000;
  }

  close(): void {
    this.#rooms.stop();
    this.#journal.close();
  }

  #fill(id: string): void {
    const room = this.#rooms.open(this.#rooms.mint(dice, id), dice, "");
    const index = this.#open.push(room) - 1;
    for (let seat = 0; seat < seats; seat++) {
      const session = index * seats + seat + 1;
      room.arrive({ user: session, claims: {}, session, number: 1, exit: this.#exit }, seat, false);
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), "croupier-bench-"));
const open = (sync: "os" | "full"): Promise<Journal> =>
  openSqliteJournal({ folder: join(folder, sync), sync, clock: systemClock, entropy: systemEntropy, log: silentLog });
const kinds = {
  memory: new Table(memoryJournal(systemEntropy)),
  "sqlite os": new Table(await open("os")),
  "sqlite full": new Table(await open("full")),
};

process.stdout.write("microseconds per roll, median of rounds; in brackets over JOURNAL=memory\n");
for (const rooms of [1, 10, 50]) {
  const measured = new Map<string, number[]>(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [kind, table] of Object.entries(kinds)) {
      let microseconds = 0;
      for (let turn = 0; turn < turnsPerRound; turn++) microseconds += table.turn(rooms, turn * rooms);
      measured.get(kind)?.push(microseconds / (turnsPerRound * rooms));
    }
  }
  const median = (kind: string): number => measured.get(kind)?.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const cells = Object.keys(kinds).map((kind) => `${kind} ${median(kind).toFixed(2)} (+${(median(kind) - median("memory")).toFixed(2)})`);
  process.stdout.write(`${String(rooms).padStart(3)} rooms a turn: ${cells.join(", ")}\n`);
}
for (const table of Object.values(kinds)) table.close();
rmSync(folder, { recursive: true });
