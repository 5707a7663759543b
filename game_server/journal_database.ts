/**
 * The journal's SQLite file: its tables, and reading it without changing it. SQLite has no
 * checksums in its main file, so every row carries one. What is damaged is left out and told.
 */
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { type State, stateOf } from "./journal_state.ts";
import { isCutShort, isDamage } from "./sqlite_errors.ts";

/** Whoever else has the file open has it for moments. */
const busyTimeoutMs = 1000;

/** SQLite's default. */
export const pageBytes = 4096;

/** Every format keeps the table `state`: an older release learns there that it is too old. */
export const schema = `
  CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), line TEXT NOT NULL) STRICT;
  CREATE TABLE rooms (slot INTEGER PRIMARY KEY, life TEXT NOT NULL, crc INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
`;

/** A room at its place in the file. */
export interface Row {
  readonly slot: number;
  readonly life: string;
  readonly value: string;
  /** Of all the others. */
  readonly crc: number;
}

export function rowOf(slot: number, life: string, value: string): Row {
  return { slot, life, value, crc: crc32(value, crc32(`${slot} ${life} `)) };
}

/** What could be read. */
export interface Stored {
  readonly state: State | undefined;
  readonly rows: readonly Row[];
  /** Rows that are not as they were written. */
  readonly brokenRows: number;
  readonly faults: readonly string[];
}

export function databasePath(folder: string): string {
  return join(folder, "journal.sqlite");
}

export function openDatabase(path: string, { readOnly }: { readOnly: boolean }): DatabaseSync {
  return new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs });
}

/**
 * Reads one moment of the file, also while a server writes to it. Its main file and its WAL stay
 * as they are; a change beside the WAL that was cut short is taken back first.
 */
export function readDatabase(path: string): Stored {
  try {
    return readAsItIs(path);
  } catch (thrown) {
    if (!isCutShort(thrown)) throw thrown;
  }
  try {
    using database = openDatabase(path, { readOnly: false });
    database.prepare("SELECT * FROM sqlite_schema").all();
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    return { state: undefined, rows: [], brokenRows: 0, faults: [faultOf(thrown)] }; // nothing can be taken back into what is left
  }
  return readAsItIs(path);
}

function readAsItIs(path: string): Stored {
  const database = openDatabase(path, { readOnly: true });
  try {
    return new Reader(database).read();
  } finally {
    database.close();
  }
}

class Reader {
  readonly #database: DatabaseSync;
  readonly #faults = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  read(): Stored {
    this.#try(() => this.#database.exec("BEGIN"));
    const check = this.#try(() => this.#database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
    if (check !== undefined && check !== "ok") this.#faults.add(`journal.sqlite: ${check}`);
    const line = this.#try(() => this.#database.prepare("SELECT line FROM state").get()?.["line"]);
    const state = stateOf(String(line));
    if (state === undefined) this.#faults.add("the journal's state in journal.sqlite is missing or damaged");
    const slots = [...this.#slots()];
    const room = this.#try(() => this.#database.prepare("SELECT life, crc, value FROM rooms WHERE slot = ?"));
    const rows = slots.map((slot) => this.#row(slot, room)).filter((row) => row !== undefined);
    return { state, rows, brokenRows: slots.length - rows.length, faults: [...this.#faults] };
  }

  /** Where rooms are: from the front, and if there is something in the way also from the back. */
  #slots(): ReadonlySet<number> {
    const slots = new Set<number>();
    for (const order of ["ASC", "DESC"]) {
      const isWhole = this.#try(() => {
        for (const { slot } of this.#database.prepare(`SELECT slot FROM rooms ORDER BY slot ${order}`).iterate()) slots.add(Number(slot));
        return true;
      });
      if (isWhole) break;
    }
    return slots;
  }

  #row(slot: number, room: StatementSync | undefined): Row | undefined {
    const found = this.#try(() => room?.get(slot));
    const row = rowOf(slot, String(found?.["life"]), String(found?.["value"]));
    return row.crc === found?.["crc"] ? row : undefined;
  }

  #try<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      this.#faults.add(faultOf(thrown));
      return undefined;
    }
  }
}

function faultOf(thrown: unknown): string {
  return `journal.sqlite: ${thrown instanceof Error ? thrown.message : thrown}`;
}
