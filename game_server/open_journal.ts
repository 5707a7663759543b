/** The journal that the settings ask for. */
import type { Clock } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import { SettingError, type Settings } from "#runtime/settings.ts";
import type { Journal } from "./journal.ts";
import { memoryJournal } from "./journal_memory.ts";
import { openSqliteJournal } from "./journal_sqlite.ts";

/**
 * Opens it, waiting for as long as another process has it.
 * @throws {SettingError} when the folder cannot be used.
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
    throw new SettingError(
      `DATA_DIR ${JSON.stringify(settings.dataDir)} cannot be used: ${cause instanceof Error ? cause.message : cause}.`,
      { cause },
    );
  }
}
