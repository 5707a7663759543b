/**
 * `croupier journal`: what is in a journal, and whether it is sound. It reads the files
 * themselves, with or without a server that has them open, and changes nothing.
 */
import type { Inspection } from "#game_server/journal_inspection.ts";
import { lookAt } from "#game_server/journal_look.ts";
import { isGone, type Passage, type RoomValue, type StoredValue } from "#game_server/room_value.ts";
import { isFull } from "#game_server/sqlite_errors.ts";
import type { Given } from "./command.ts";
import type { FlagValues } from "./flags.ts";
import { exitTrouble, print } from "./say.ts";
import { type Columns, printTable } from "./table.ts";
import { counted, seconds, Trouble } from "./words.ts";

type Journal = Inspection & { readonly state: NonNullable<Inspection["state"]> };

/** What `ls` says of a room. */
interface Summary {
  readonly game: string;
  readonly room: string;
  readonly life: string;
  readonly epoch: number;
  readonly version: number;
  readonly playing: number;
  readonly seatsTaken: number;
  readonly users: readonly number[];
  readonly isOver: boolean;
  readonly keptOutputs: number;
  readonly nextTimer: { readonly name: string; readonly inMs: number } | undefined;
  /** Left out: it is played here. */
  readonly passage: Passage | undefined;
  readonly bytes: number;
}

const columns: Columns<Summary> = [
  ["ROOM", nameOf],
  ["LIFE", ({ life }) => life],
  ["EPOCH", ({ epoch }) => epoch],
  ["VERSION", ({ version }) => version],
  ["SEATS", ({ seatsTaken, playing }) => `${seatsTaken}/${playing}`],
  ["USERS", ({ users }) => users.join() || undefined],
  ["KEPT", ({ keptOutputs }) => keptOutputs],
  ["TIMER", ({ nextTimer }) => nextTimer && `${nextTimer.name}:${(nextTimer.inMs / 1000).toFixed(1)}s`],
  ["STATE", stateOf],
  ["BYTES", ({ bytes }) => bytes],
];

/** `journal ls`: every room, one a line; of lives that have left only how many. */
export function listJournal({ state, rows, faults }: Journal, { json }: FlagValues): void {
  const { id, boot, format, turns, clockMs } = state;
  const stored = roomsOf(rows);
  const gone = rows.length - stored.length;
  const rooms = stored
    .map(({ room, value }) => summaryOf(room, value, clockMs))
    .toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }));
  if (faults.length > 0) process.exitCode = exitTrouble;
  if (json) return print(JSON.stringify({ id, boot, format, turns, clockMs, faults, rooms, gone }));
  const about = `journal ${id}, boot ${boot}, format ${format}, ${counted(turns, "turn")}, clock ${seconds(clockMs)}`;
  print(`${about}, ${counted(rooms.length, "room")}${gone > 0 ? `, ${gone} gone` : ""}`);
  printTable(rooms, columns);
  for (const fault of faults) print(`damaged: ${fault}`);
}

/** `journal show`: one room as JSON, or what is known of a life that has left. */
export function showStored({ rows }: Journal, { operand: which, flags: { json } }: Given): void {
  const byLife = rows.filter(({ life }) => life === which);
  const found = byLife.length > 0 ? byLife : roomsOf(rows).filter(({ room }) => nameOf(room) === which);
  const [room] = found;
  if (room === undefined) throw new Trouble(`the journal has no room ${JSON.stringify(which)}.`);
  if (found.length > 1) throw new Trouble(`${which} has several lives, name one: ${found.map(({ life }) => life).join(", ")}.`);
  print(JSON.stringify(JSON.parse(room.value), undefined, json ? 0 : 2));
}

/** `journal check`: exit code 1 unless it is sound. */
export function checkJournal({ state, rows, faults }: Journal, { json }: FlagValues): void {
  const rooms = roomsOf(rows).length;
  if (faults.length > 0) process.exitCode = exitTrouble;
  if (json) return print(JSON.stringify({ isSound: faults.length === 0, rooms, turns: state.turns, faults }));
  for (const fault of faults) print(fault);
  if (faults.length === 0) print(`sound: ${counted(rooms, "room")}, ${counted(state.turns, "turn")}`);
}

/** Rows that are rooms, and not what is remembered of lives that have left. */
function roomsOf(rows: Journal["rows"]): { life: string; value: string; room: RoomValue }[] {
  return rows.flatMap(({ life, value }) => {
    const room = JSON.parse(value) as StoredValue;
    return isGone(room) ? [] : [{ life, value, room }];
  });
}

function summaryOf(stored: RoomValue, value: string, clockMs: number): Summary {
  const { game, room, life, epoch, version, playing, seats, outbox, isOver, timers, passage } = stored;
  const [next] = Object.entries(timers).toSorted(([, a], [, b]) => a.dueMs - b.dueMs);
  return {
    ...{ game, room, life, epoch, version, playing, isOver, passage },
    seatsTaken: seats.filter(({ index }) => index < playing).length,
    users: seats.map(({ user }) => user),
    keptOutputs: outbox.kept.length,
    nextTimer: next && { name: next[0], inMs: Math.round(next[1].dueMs - clockMs) },
    bytes: Buffer.byteLength(value),
  };
}

/** One word: over, or on its way; otherwise it is played here. */
function stateOf({ isOver, passage }: Summary): string | undefined {
  if (passage !== undefined) return passage.is === "incoming" ? `incoming:${passage.from}` : `outgoing:${passage.to}`;
  return isOver ? "over" : undefined;
}

function nameOf({ game, room }: { game: string; room: string }): string {
  return `${game}/${room}`;
}

/** @throws {Trouble} when there is no journal in `folder`, or nothing of it can be read. */
export function readJournal(folder: string): Journal {
  const { state, ...journal } = look(folder);
  if (state !== undefined) return { ...journal, state };
  throw new Trouble(
    journal.faults.length === 0 ? `there is no journal in ${folder}.` : `nothing can be read: ${journal.faults.join("; ")}.`,
  );
}

function look(folder: string): Inspection {
  try {
    return lookAt(folder);
  } catch (cause) {
    const hint = isFull(cause) ? "; it is copied into TMPDIR to be read" : "";
    throw new Trouble(`the journal in ${folder} cannot be read: ${cause instanceof Error ? cause.message : cause}${hint}.`, { cause });
  }
}
