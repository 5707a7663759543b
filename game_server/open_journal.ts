/** The journal that the settings ask for. */
import type { Clock } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import { SettingError, type Settings } from "#runtime/settings.ts";
import type { Journal } from "./journal.ts";
import { NewerJournal } from "./journal_inspection.ts";
import { memoryJournal } from "./journal_memory.ts";
import { openSqliteJournal } from "./journal_sqlite.ts";
import { isForbidden } from "./sqlite_errors.ts";

/**
 * Opens it, waiting for as long as another process has it, or there is no space.
 * @throws {SettingError} when the folder cannot be used. Whatever else is thrown is a failure.
 */
export async function openJournal({
  settings,
  clock,
  entropy,
  log,
}: {
  settings: Settings;
  clock: Clock;
  entropy: Entropy;
  log: Log;
}): Promise<Journal> {
  if (settings.journal === "memory") return memoryJournal(entropy);
  try {
    return await openSqliteJournal({ folder: settings.dataDir, sync: settings.journalSync, clock, entropy, log });
  } catch (cause) {
    if (!(cause instanceof NewerJournal) && !isForbidden(cause)) throw cause;
    const { message } = cause as Error;
    throw new SettingError(`DATA_DIR ${JSON.stringify(settings.dataDir)} cannot be used: ${message}.`, { cause });
  }
}
