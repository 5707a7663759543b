/**
 * The journal in SQLite, through node:sqlite. Files in the data folder:
 *
 *     journal.sqlite   rooms and the state of the journal; WAL, so one commit is one append (journal_database.ts)
 *     journal.turns    a second copy of the state, written after each commit (journal_state.ts)
 *     journal.lock     who has the journal (journal_lock.ts)
 *     journal.sqlite.damaged-1 …, journal.turns.damaged   what was damaged once, set aside
 *
 * What cannot be read is set aside with an alarm, what can be is kept; a damaged journal never stops the start.
 *
 * `JOURNAL_SYNC=os` (synchronous NORMAL): what was committed survives the process; a power cut may lose the last turns
 * and never corrupts. `full`: every commit is on the disk before it returns.
 */
import { mkdirSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Commit, type Damage, type Journal, JournalFull, type StoredRoom } from "./journal.ts";
import { type Boot, type BootOptions, beginBoot } from "./journal_boot.ts";
import { pageBytes, type Row, rowOf } from "./journal_database.ts";
import { type JournalLock, takeLock } from "./journal_lock.ts";
import { reasonOf, whenThereIsSpace } from "./journal_space.ts";
import { lineOf, type State, type TurnsFile } from "./journal_state.ts";
import { isFull } from "./sqlite_errors.ts";

/** 4 MB, SQLite's own default: what a start reads again, and what one copying costs, are bounded by it. */
const walPagesMax = 1000;

/**
 * Opens the journal in `folder`, waiting for as long as another process has it, or the disk is full.
 * @throws when the folder cannot be used, or was written by a newer release.
 */
export async function openSqliteJournal(options: BootOptions): Promise<SqliteJournal> {
  await whenThereIsSpace(options, () => mkdirSync(options.folder, { recursive: true }));
  const lock = await takeLock(options);
  try {
    return new SqliteJournal(options, await beginBoot(options), lock);
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

/** What a turn changes: rooms as they are now, or undefined for those that are over. */
type Changes = ReadonlyMap<string, Row | undefined>;

export class SqliteJournal implements Journal {
  readonly id: string;
  readonly boot: number;
  readonly isDurable = true;
  readonly clockMs: number;
  readonly damage: Damage;
  readonly #folder: string;
  readonly #lock: JournalLock;
  readonly #sync: BootOptions["sync"];
  readonly #database: DatabaseSync;
  readonly #turnsFile: TurnsFile;
  readonly #statements: ReturnType<typeof prepare>;
  /** Where every room is, and its checksum. */
  readonly #rows = new Map<string, Pick<Row, "slot" | "crc">>();
  #lastSlot = 0;
  /** Since the WAL was copied into the main file. */
  #walPages = 0;
  #state: State;
  /** As it is written down, in the database and beside it. */
  #line: string;
  #stored: readonly StoredRoom[];

  constructor({ folder, sync }: BootOptions, { state, rows, lost, database, turnsFile }: Boot, lock: JournalLock) {
    this.id = state.id;
    this.boot = state.boot;
    this.clockMs = state.clockMs;
    this.damage = lost;
    this.#folder = folder;
    this.#lock = lock;
    this.#sync = sync;
    this.#database = database;
    this.#turnsFile = turnsFile;
    this.#statements = prepare(database);
    this.#state = state;
    this.#line = lineOf(state);
    this.#stored = rows;
    for (const { life, slot, crc } of rows) {
      this.#rows.set(life, { slot, crc });
      this.#lastSlot = Math.max(this.#lastSlot, slot);
    }
  }

  *load(): Iterable<StoredRoom> {
    const stored = this.#stored;
    this.#stored = [];
    yield* stored;
  }

  commit(commit: Commit): void {
    const changes = this.#changesOf(commit);
    const state = this.#stateAfter(changes, commit.clockMs);
    const line = lineOf(state);
    try {
      if (commit.isSynced && this.#sync === "os") this.#writeSynced(changes, line);
      else this.#write(changes, line);
    } catch (thrown) {
      if (this.#database.isTransaction) this.#statements.undo.run();
      const reason = reasonOf(thrown, this.#folder);
      if (isFull(reason)) throw new JournalFull("no space for the journal", { cause: reason });
      throw reason;
    }
    for (const [life, row] of changes) {
      if (row === undefined) this.#rows.delete(life);
      else this.#rows.set(life, { slot: row.slot, crc: row.crc });
    }
    this.#state = state;
    this.#line = line;
    this.#note();
    this.#emptyWal(changes);
  }

  close(): void {
    this.#database.close();
    this.#turnsFile.close();
    this.#lock.close();
  }

  #changesOf({ kept, ended }: Commit): Changes {
    const changes = new Map<string, Row | undefined>();
    for (const { life, value } of kept) changes.set(life, rowOf(this.#rows.get(life)?.slot ?? this.#newSlot(), life, value));
    for (const life of ended) changes.set(life, undefined);
    return changes;
  }

  #newSlot(): number {
    this.#lastSlot += 1;
    return this.#lastSlot;
  }

  #stateAfter(changes: Changes, clockMs: number): State {
    let { rooms, roomsSum } = this.#state;
    for (const [life, row] of changes) {
      const before = this.#rows.get(life);
      rooms += Number(row !== undefined) - Number(before !== undefined);
      roomsSum ^= (row?.crc ?? 0) ^ (before?.crc ?? 0);
    }
    return { ...this.#state, clockMs, turns: this.#state.turns + 1, rooms, roomsSum: roomsSum >>> 0 };
  }

  #writeSynced(changes: Changes, line: string): void {
    this.#database.exec("PRAGMA synchronous = FULL");
    try {
      this.#write(changes, line);
    } finally {
      if (!this.#database.isTransaction) this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  #write(changes: Changes, line: string): void {
    const { begin, end, keep, change, drop, fence } = this.#statements;
    begin.run();
    for (const [life, row] of changes) {
      const slot = this.#rows.get(life)?.slot;
      if (row !== undefined && slot !== undefined) mustBeOne(change.run(row.crc, row.value, slot).changes, "a room's row is gone");
      else if (row !== undefined) keep.run(row.slot, life, row.crc, row.value);
      else if (slot !== undefined) drop.run(slot);
    }
    mustBeOne(fence.run(line, this.#line).changes, "another boot has written to this journal");
    end.run();
  }

  /** The turn is kept; where there is no space for its number, the next turn's will do. */
  #note(): void {
    try {
      this.#turnsFile.write(this.#line);
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
    }
  }

  /**
   * Copies the WAL into the main file, now and then, so that SQLite begins it anew. Done by SQLite itself, errors would
   * stay unheard and the WAL would grow without end. Where there is no space, or a reader is in the way, the next time will do.
   */
  #emptyWal(changes: Changes): void {
    this.#walPages += pagesOf(changes);
    if (this.#walPages < walPagesMax) return;
    this.#walPages = 0;
    try {
      this.#statements.checkpoint.get();
    } catch (thrown) {
      const reason = reasonOf(thrown, this.#folder);
      if (!isFull(reason)) throw reason;
    }
  }
}

function mustBeOne(changes: number | bigint, otherwise: string): void {
  if (changes !== 1) throw new Error(otherwise);
}

/** About so many pages a turn adds to the WAL: the state's, and each room's. */
function pagesOf(changes: Changes): number {
  let pages = 1;
  for (const row of changes.values()) pages += 1 + Math.floor((row?.value.length ?? 0) / pageBytes);
  return pages;
}

function prepare(
  database: DatabaseSync,
): Record<"begin" | "end" | "undo" | "keep" | "change" | "drop" | "fence" | "checkpoint", StatementSync> {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    end: database.prepare("COMMIT"),
    undo: database.prepare("ROLLBACK"),
    keep: database.prepare("INSERT INTO rooms VALUES (?, ?, ?, ?)"),
    change: database.prepare("UPDATE rooms SET crc = ?, value = ? WHERE slot = ?"),
    drop: database.prepare("DELETE FROM rooms WHERE slot = ?"),
    /** Only the boot that wrote the last turn writes the next one. */
    fence: database.prepare("UPDATE state SET line = ? WHERE line = ?"),
    /** As much as readers allow. */
    checkpoint: database.prepare("PRAGMA wal_checkpoint(PASSIVE)"),
  };
}
