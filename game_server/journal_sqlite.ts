/**
 * The journal in SQLite, through node:sqlite. Files in the data folder:
 *
 *     journal.sqlite   rooms and the state of the journal; WAL, so one commit is one append
 *     journal.lock     a second SQLite file, held in an exclusive transaction for as long as the process lives:
 *                      two pods may share a volume, and a successor waits instead of failing
 *     journal.turns    how many turns were committed, written after each commit: SQLite takes a WAL whose tail
 *                      is gone for one that ends earlier, and this tells
 *
 * Every value carries a checksum, because SQLite has none in its main file. What cannot be read is set aside with an
 * alarm, what can be is kept; a damaged journal never stops the start.
 *
 * `JOURNAL_SYNC=os` (synchronous NORMAL): what was committed survives the process; a power cut may lose the last turns
 * and never corrupts. `full`: every commit is on the disk before it returns.
 */
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import { type Commit, type Journal, JournalFull, type StoredRoom } from "./journal.ts";

/** Raised when an older release could not read what a newer one writes. */
export const journalFormat = 1;

const lockRetryMs = 100;
/** SQLite result codes (sqlite.org/rescode.html), the low byte. */
const sqliteFull = 13;
const sqliteBusy = 5;

const schema = `
  CREATE TABLE IF NOT EXISTS state (
    one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER, id TEXT, boot INTEGER, clock_ms REAL, turns INTEGER, rooms INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS rooms (slot INTEGER PRIMARY KEY, life TEXT NOT NULL, crc INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
`;

interface State {
  readonly format: number;
  readonly id: string;
  readonly boot: number;
  readonly clock_ms: number;
  readonly turns: number;
  readonly rooms: number;
}

interface Row {
  readonly slot: number;
  readonly life: string;
  readonly crc: number;
  readonly value: string;
}

export interface SqliteJournalOptions {
  folder: string;
  sync: "os" | "full";
  clock: Clock;
  entropy: Entropy;
  log: Log;
}

/** What a damaged or shortened journal has cost. */
export interface Damage {
  /** Rooms that could not be read. */
  readonly rooms: number;
  /** Turns that were committed once and are gone. */
  readonly turns: number;
}

/**
 * Opens the journal in `folder`, waiting for as long as another process has it.
 * @throws when the folder cannot be used, or was written by a newer release.
 */
export async function openSqliteJournal(options: SqliteJournalOptions): Promise<SqliteJournal> {
  mkdirSync(options.folder, { recursive: true });
  const lock = await takeLock(options);
  try {
    return new SqliteJournal(options, lock);
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

async function takeLock({ folder, clock, log }: SqliteJournalOptions): Promise<DatabaseSync> {
  const lock = new DatabaseSync(join(folder, "journal.lock"), { timeout: 0 });
  for (let attempt = 0; ; attempt++) {
    try {
      lock.exec("BEGIN EXCLUSIVE");
      return lock;
    } catch (thrown) {
      if (codeOf(thrown) !== sqliteBusy) throw thrown;
      if (attempt === 0) log.info("journal wait", { "event.reason": "another process has the journal" });
      await new Promise<void>((resolve) => clock.after(lockRetryMs, resolve));
    }
  }
}

export class SqliteJournal implements Journal {
  readonly id: string;
  readonly boot: number;
  readonly isDurable = true;
  readonly clockMs: number;
  readonly damage: Damage;
  readonly #lock: DatabaseSync;
  readonly #database: DatabaseSync;
  readonly #turnsFile: TurnsFile;
  readonly #slots = new Map<string, number>();
  readonly #statements: Record<"begin" | "end" | "undo" | "keep" | "drop" | "state", StatementSync>;
  #stored: StoredRoom[];
  #lastSlot = 0;
  #turns: number;

  constructor(options: SqliteJournalOptions, lock: DatabaseSync) {
    this.#lock = lock;
    this.#turnsFile = new TurnsFile(join(options.folder, "journal.turns"));
    const found = readOrSetAside(options);
    const committed = this.#turnsFile.read() ?? 0;
    this.id = found.state?.id ?? hex64(options.entropy);
    this.boot = (found.state?.boot ?? 0) + 1;
    this.clockMs = found.state?.clock_ms ?? 0;
    this.#turns = Math.max(found.state?.turns ?? 0, committed);
    this.damage = { rooms: found.lostRooms, turns: Math.max(0, committed - (found.state?.turns ?? 0)) };
    this.#stored = found.rooms.map(({ life, value }) => ({ life, value }));
    this.#database = openDatabase(options);
    this.#rewrite(found.rooms);
    this.#statements = prepare(this.#database);
    if (this.damage.rooms > 0 || this.damage.turns > 0) {
      const reason = `${this.damage.rooms} rooms could not be read, ${this.damage.turns} committed turns are gone`;
      options.log.error("journal damage", { "event.reason": reason });
    }
  }

  *load(): Iterable<StoredRoom> {
    const stored = this.#stored;
    this.#stored = [];
    yield* stored;
  }

  commit({ clockMs, kept, ended }: Commit): void {
    const { begin, end, undo, keep, drop, state } = this.#statements;
    try {
      begin.run();
      for (const { life, value } of kept) keep.run(this.#slotOf(life), life, crc32(value), value);
      for (const life of ended) drop.run(this.#slots.get(life) ?? 0);
      const { changes } = state.run(clockMs, this.#turns + 1, this.#slots.size - ended.length, this.boot);
      if (changes !== 1) throw new Error("another boot has written to this journal");
      end.run();
    } catch (thrown) {
      if (this.#database.isTransaction) undo.run();
      if (codeOf(thrown) === sqliteFull) throw new JournalFull("no space for the journal", { cause: thrown });
      throw thrown;
    }
    this.#turns += 1;
    this.#turnsFile.write(this.#turns);
    for (const life of ended) this.#slots.delete(life);
  }

  close(): void {
    this.#database.close();
    this.#turnsFile.close();
    this.#lock.close();
  }

  #slotOf(life: string): number {
    const known = this.#slots.get(life);
    if (known !== undefined) return known;
    this.#lastSlot += 1;
    this.#slots.set(life, this.#lastSlot);
    return this.#lastSlot;
  }

  /** Starts this boot: the state says so, and rows stand as they were read. */
  #rewrite(rows: readonly Row[]): void {
    for (const { slot, life } of rows) {
      this.#slots.set(life, slot);
      this.#lastSlot = Math.max(this.#lastSlot, slot);
    }
    this.#database.exec("BEGIN IMMEDIATE");
    this.#database
      .prepare("DELETE FROM rooms WHERE slot NOT IN (SELECT value FROM json_each(?))")
      .run(JSON.stringify(rows.map(({ slot }) => slot)));
    const present = new Set(
      this.#database
        .prepare("SELECT slot FROM rooms")
        .all()
        .map((row) => row["slot"] as number),
    );
    const insert = this.#database.prepare("INSERT INTO rooms VALUES (?, ?, ?, ?)");
    for (const { slot, life, crc, value } of rows) if (!present.has(slot)) insert.run(slot, life, crc, value);
    this.#database
      .prepare("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?, ?)")
      .run(journalFormat, this.id, this.boot, this.clockMs, this.#turns, rows.length);
    this.#database.exec("COMMIT");
    this.#turnsFile.write(this.#turns);
  }
}

interface Found {
  readonly state: State | undefined;
  readonly rooms: readonly Row[];
  readonly lostRooms: number;
}

/** Reads what is there. A file that is damaged is moved aside, and what could be read of it is given. */
function readOrSetAside(options: SqliteJournalOptions): Found {
  const path = databasePath(options.folder);
  if (!existsSync(path)) return { state: undefined, rooms: [], lostRooms: 0 };
  const { found, fault } = inspect(path);
  if (found.state !== undefined && found.state.format > journalFormat) {
    throw new Error(
      `the journal in ${options.folder} was written by a newer release (format ${found.state.format}, this release knows ${journalFormat})`,
    );
  }
  if (fault !== undefined) setAside(path, fault, options.log);
  return found;
}

/** Reads a journal without changing it; `fault` says what is wrong with it. */
export function inspect(path: string): { found: Found; fault: string | undefined } {
  let database: DatabaseSync | undefined;
  let state: State | undefined;
  const rooms: Row[] = [];
  let fault: string | undefined;
  let lost = 0;
  try {
    database = new DatabaseSync(path, { timeout: 1000 });
    const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (check !== "ok") fault = String(check);
    state = readState(database);
    for (const row of database.prepare("SELECT slot, life, crc, value FROM rooms").iterate()) {
      if (isWhole(row)) rooms.push(row);
      else lost += 1;
    }
  } catch (thrown) {
    fault ??= thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    database?.close();
  }
  const missing = Math.max(lost, (state?.rooms ?? 0) - rooms.length);
  if (missing > 0) fault ??= `${missing} rooms are missing or damaged`;
  if (state === undefined) fault ??= "the state of the journal is missing or damaged";
  return { found: { state, rooms, lostRooms: missing }, fault };
}

function readState(database: DatabaseSync): State | undefined {
  const row = database.prepare("SELECT format, id, boot, clock_ms, turns, rooms FROM state").get() as Partial<State> | undefined;
  const isSound =
    row !== undefined && /^[0-9a-f]{16}$/.test(row.id ?? "") && [row.format, row.boot, row.turns, row.rooms].every(Number.isSafeInteger);
  return isSound ? (row as State) : undefined;
}

function isWhole(row: unknown): row is Row {
  const { slot, life, crc, value } = row as Partial<Row>;
  return typeof slot === "number" && typeof life === "string" && typeof value === "string" && crc32(value) === crc;
}

function setAside(path: string, fault: string, log: Log): void {
  const aside = `${path}.damaged-${Date.now()}`;
  for (const suffix of ["", "-wal", "-shm"]) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  log.error("journal damage", { "event.reason": `${fault}; the file is kept as ${aside}` });
}

function openDatabase({ folder, sync }: SqliteJournalOptions): DatabaseSync {
  const database = new DatabaseSync(databasePath(folder), { timeout: 1000 });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"}; ${schema}`);
  return database;
}

function prepare(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    end: database.prepare("COMMIT"),
    undo: database.prepare("ROLLBACK"),
    keep: database.prepare(
      "INSERT INTO rooms VALUES (?, ?, ?, ?) ON CONFLICT (slot) DO UPDATE SET crc = excluded.crc, value = excluded.value",
    ),
    drop: database.prepare("DELETE FROM rooms WHERE slot = ?"),
    state: database.prepare("UPDATE state SET clock_ms = ?, turns = ?, rooms = ? WHERE one = 1 AND boot = ?"),
  };
}

export function databasePath(folder: string): string {
  return join(folder, "journal.sqlite");
}

function codeOf(thrown: unknown): number {
  return ((thrown as { errcode?: number }).errcode ?? 0) & 0xff;
}

const turnsBytes = 12;

/** A number of turns and its checksum, overwritten in place. */
class TurnsFile {
  readonly #file: number;
  readonly #bytes = Buffer.alloc(turnsBytes);

  constructor(path: string) {
    this.#file = openSync(path, existsSync(path) ? "r+" : "w+");
  }

  /** Undefined when it was never written, or is damaged. */
  read(): number | undefined {
    const length = readSync(this.#file, this.#bytes, 0, turnsBytes, 0);
    const isSound = length === turnsBytes && crc32(this.#bytes.subarray(0, 8)) === this.#bytes.readUInt32BE(8);
    return isSound ? Number(this.#bytes.readBigUInt64BE(0)) : undefined;
  }

  write(turns: number): void {
    this.#bytes.writeBigUInt64BE(BigInt(turns), 0);
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, 8)), 8);
    writeSync(this.#file, this.#bytes, 0, turnsBytes, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** For tests: removes every file of a journal. */
export function removeJournal(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
