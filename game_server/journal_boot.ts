/**
 * The beginning of a boot: what is in the folder is read, damage is told and set aside, and
 * the state says whose turn it is now.
 *
 *     inspect ──> journal.turns ──> damaged, or not there: a new database of what could be read
 *                                     └──> journal.sqlite, open for writing
 *
 * Every step can be done again, so a process may die between any two. Without space each
 * waits: a full disk is nothing that another start would help.
 */
import { accessSync, constants, existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Damage } from "./journal.ts";
import { databasePath, openDatabase, type Row } from "./journal_database.ts";
import { type Inspection, inspect, sumOf } from "./journal_inspection.ts";
import { finishReplacing, replaceDatabase } from "./journal_repair.ts";
import { whenThereIsSpace } from "./journal_space.ts";
import { journalFormat, lineOf, type State, TurnsFile } from "./journal_state.ts";
import { isDamage, isReadOnly } from "./sqlite_errors.ts";

/** A WAL that a reader, or a full disk, has let grow larger than this is cut when it begins anew. */
const walBytesMax = 16 * 1024 * 1024;

export interface BootOptions {
  readonly folder: string;
  /** Whether a commit is on the disk before it returns, or with the operating system. */
  readonly sync: "os" | "full";
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

export interface Boot {
  readonly state: State;
  readonly rows: readonly Row[];
  readonly lost: Damage;
  readonly database: DatabaseSync;
  readonly turnsFile: TurnsFile;
}

/** Begins a boot of the journal in `folder`, which is locked. */
export async function beginBoot(options: BootOptions): Promise<Boot> {
  const { folder, entropy, log } = options;
  const found = await whenThereIsSpace(options, () => {
    finishReplacing(folder);
    return inspect(folder);
  });
  const { rows, lost, faults } = found;
  if (faults.length > 0) log.error("journal damage", { rooms: rows.length, "event.reason": faults.join("; ") });
  const state = nextState(found, entropy);
  // Written before there is a database, so that one can be missed.
  const turnsFile = await whenThereIsSpace(options, () => new TurnsFile(folder, state));
  try {
    return { state, rows, lost, turnsFile, database: await takeDatabase(options, found, state) };
  } catch (thrown) {
    turnsFile.close();
    throw thrown;
  }
}

/** The journal stays who it is for as long as its state can be read from anywhere. */
function nextState({ state, rows }: Inspection, entropy: Entropy): State {
  const { id = hex64(entropy), boot = 0, clockMs = 0, turns = 0 } = state ?? {};
  return { format: journalFormat, id, boot: boot + 1, clockMs, turns, rooms: rows.length, roomsSum: sumOf(rows) };
}

async function takeDatabase(options: BootOptions, { rows, faults }: Inspection, state: State): Promise<DatabaseSync> {
  const { folder, log } = options;
  const replace = async (): Promise<void> => {
    const aside = await whenThereIsSpace(options, () => replaceDatabase(folder, rows, state));
    if (aside !== undefined) log.error("journal damage", { "event.reason": `the damaged files are kept as ${aside}` });
  };
  const open = () => whenThereIsSpace(options, () => openForWriting(options, state));
  if (faults.length > 0 || !existsSync(databasePath(folder))) await replace();
  try {
    return await open();
  } catch (thrown) {
    if (!isDamage(thrown) && !isReadOnly(thrown)) throw thrown;
    accessSync(databasePath(folder), constants.W_OK);
    await replace(); // it could be read but not written, as with a bit of its header flipped
    return open();
  }
}

function openForWriting({ folder, sync }: BootOptions, state: State): DatabaseSync {
  const database = openDatabase(databasePath(folder), { readOnly: false });
  try {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"}`);
    database.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${walBytesMax}`); // see SqliteJournal
    database.prepare("UPDATE state SET line = ?").run(lineOf(state));
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
