/**
 * A new database in the place of a damaged one, or of none. Whatever the process dies of in
 * between, the next start finds the old files or the new one, whole:
 *
 *     write journal.sqlite.new ──rename──> journal.sqlite.whole   from here on this is the journal
 *                                            └──> the old files are set aside ──rename──> journal.sqlite
 */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { databasePath, openDatabase, type Row, schema } from "./journal_database.ts";
import { lineOf, type State } from "./journal_state.ts";

/** Damaged files are kept for a look, the last few: a bad disk must not fill itself. */
const asideMax = 3;
/** What SQLite calls the files of one database; a set that was set aside is whole when its main file, the last, is there. */
const suffixes = ["-wal", "-shm", "-journal", ""];

/** Puts a database of `rows` and `state` in place; gives the path where the old one is kept, if there was one. */
export function replaceDatabase(folder: string, rows: readonly Row[], state: State): string | undefined {
  const path = `${databasePath(folder)}.new`;
  removeDatabase(path);
  try {
    writeDatabase(path, rows, state);
  } catch (thrown) {
    removeDatabase(path);
    throw thrown;
  }
  renameSync(path, wholePath(folder));
  return finishReplacing(folder);
}

/** Goes on with a replacement that was cut short, if there is one. */
export function finishReplacing(folder: string): string | undefined {
  const whole = wholePath(folder);
  if (!existsSync(whole)) return undefined;
  const path = databasePath(folder);
  const old = suffixes.filter((suffix) => existsSync(path + suffix));
  const aside = old.length > 0 ? newAside(folder) : undefined;
  for (const suffix of old) renameSync(path + suffix, aside + suffix);
  renameSync(whole, path);
  return aside;
}

/** The database that a replacement has finished and not yet put in place. */
export function wholePath(folder: string): string {
  return `${databasePath(folder)}.whole`;
}

function writeDatabase(path: string, rows: readonly Row[], state: State): void {
  const database = openDatabase(path, { readOnly: false });
  try {
    database.exec(`PRAGMA synchronous = FULL; BEGIN; ${schema}`);
    database.prepare("INSERT INTO state VALUES (1, ?)").run(lineOf(state));
    const insert = database.prepare("INSERT INTO rooms VALUES (?, ?, ?, ?)");
    for (const { slot, life, crc, value } of rows) insert.run(slot, life, crc, value);
    database.exec("COMMIT; PRAGMA journal_mode = WAL"); // a kill while this is written must not meet the journal itself
  } finally {
    database.close();
  }
}

function removeDatabase(path: string): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

/** The name for damaged files, that of a set that was cut short or a new one; those before the last few go. */
function newAside(folder: string): string {
  const path = `${databasePath(folder)}.damaged-`;
  const numbers = readdirSync(folder).flatMap((file) => /^journal\.sqlite\.damaged-(\d+)/.exec(file)?.[1] ?? []);
  const last = Math.max(0, ...numbers.map(Number));
  const next = last > 0 && !existsSync(path + last) ? last : last + 1;
  for (const number of numbers) if (Number(number) <= next - asideMax) removeDatabase(path + number);
  return path + next;
}
