/**
 * What is in a journal's folder, and what is missing from it: the database held against the
 * second copy of its state. Either every room that was committed is there as it was, or the
 * damage is told.
 */
import { existsSync } from "node:fs";
import type { Damage } from "./journal.ts";
import { databasePath, type Row, readDatabase, type Stored } from "./journal_database.ts";
import { journalFormat, type NotedState, readTurnsFile, type State } from "./journal_state.ts";

export interface Inspection {
  /** The newest that is known; undefined: nothing is, as before the first start. */
  readonly state: State | undefined;
  readonly rows: readonly Row[];
  readonly lost: Damage;
  /** What is wrong, one sentence each. */
  readonly faults: readonly string[];
}

/** The journal was written by a newer release. */
export class NewerJournal extends Error {
  override readonly name = "NewerJournal";
}

/**
 * Reads a journal. Its second copy is read first: of a server that is writing, the database is then never behind it.
 * @throws {NewerJournal}
 */
export function inspect(folder: string, noted = readTurnsFile(folder)): Inspection {
  const path = databasePath(folder);
  if (!existsSync(path)) return withoutDatabase(noted);
  const stored = readDatabase(path);
  refuseNewer(noted, stored.state);
  return compared(stored, noted);
}

function refuseNewer(noted: NotedState, stored?: State): void {
  const format = Math.max(stored?.format ?? 0, typeof noted === "string" ? 0 : noted.format);
  if (format > journalFormat)
    throw new NewerJournal(`the journal was written by a newer release (format ${format}, this release knows ${journalFormat})`);
}

/** Before the first start, or with the database gone. */
function withoutDatabase(noted: NotedState): Inspection {
  refuseNewer(noted);
  const state = typeof noted === "string" ? undefined : noted;
  const wasNever = noted === "missing" || state?.turns === 0;
  const lost = { rooms: state?.rooms ?? 0, turns: state?.turns ?? 0 };
  return { state, rows: [], lost, faults: wasNever ? [] : ["journal.sqlite is missing"] };
}

function compared({ state: stored, rows, brokenRows, faults }: Stored, noted: NotedState): Inspection {
  const isForeign = typeof noted !== "string" && stored !== undefined && noted.id !== stored.id;
  const second = typeof noted === "string" || isForeign ? undefined : noted;
  const expected = stored ?? second;
  const lost = expected === undefined ? { rooms: brokenRows, turns: 0 } : { rooms: missing(expected, rows), turns: gone(stored, second) };
  const told = [
    ...faults,
    ...(isForeign ? ["journal.turns is of another journal"] : []),
    ...(typeof noted === "string" ? [`journal.turns is ${noted}`] : []),
    ...(brokenRows > 0 ? [`rooms that cannot be read: ${brokenRows}`] : []),
    ...(lost.rooms > brokenRows ? [`rooms that are missing or not as they were: ${lost.rooms - brokenRows}`] : []),
    ...(lost.turns > 0 ? [`turns that were committed and are gone: ${lost.turns}`] : []),
  ];
  return { state: expected && newest(expected, second), rows, lost, faults: told };
}

/** How many rooms are not as they were: at least one, if all together are not what they were. */
function missing({ rooms, roomsSum }: State, rows: readonly Row[]): number {
  const isAsItWas = rows.length === rooms && sumOf(rows) === roomsSum;
  return isAsItWas ? 0 : Math.max(1, rooms - rows.length);
}

function gone(stored: State | undefined, second: State | undefined): number {
  return stored === undefined || second === undefined ? 0 : Math.max(0, second.turns - stored.turns);
}

/** Neither boots nor turns nor the clock go back, whatever was lost. */
function newest(state: State, second = state): State {
  const { boot, turns, clockMs } = state;
  return {
    ...state,
    boot: Math.max(boot, second.boot),
    turns: Math.max(turns, second.turns),
    clockMs: Math.max(clockMs, second.clockMs),
  };
}

export function sumOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => (sum ^ row.crc) >>> 0, 0);
}
