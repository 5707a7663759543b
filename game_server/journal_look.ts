/**
 * An operator's look at a journal: it changes nothing. While a server has the journal open,
 * its files are read in place; otherwise a copy is, since SQLite cannot read what a killed
 * server left without writing beside it.
 */
import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { databasePath } from "./journal_database.ts";
import { type Inspection, inspect } from "./journal_inspection.ts";
import { isLocked } from "./journal_lock.ts";
import { finishReplacing, wholePath } from "./journal_repair.ts";
import { readTurnsFile } from "./journal_state.ts";

/**
 * Reads the journal in `folder`.
 * @throws {NewerJournal}, or the file system's error when the folder cannot be read or TMPDIR has no space for the copy.
 */
export function lookAt(folder: string): Inspection {
  if (statSync(folder, { throwIfNoEntry: false })) accessSync(folder, constants.R_OK | constants.X_OK); // or nothing would seem to be there
  if (isLocked(folder)) return inspect(folder);
  const copy = mkdtempSync(join(tmpdir(), "croupier-look-"));
  try {
    const noted = readTurnsFile(folder);
    const path = databasePath(folder);
    for (const file of [path, `${path}-wal`, `${path}-journal`, wholePath(folder)]) {
      if (existsSync(file)) copyFileSync(file, join(copy, basename(file)), constants.COPYFILE_FICLONE);
    }
    if (isLocked(folder)) return inspect(folder); // a server has started meanwhile: the copy may be of two moments
    finishReplacing(copy);
    return inspect(copy, noted);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
