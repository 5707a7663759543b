/**
 * Who has the journal: a second SQLite file, held in an exclusive transaction for as long as
 * the process lives. Two pods may share a volume, and a successor waits instead of failing.
 * The file itself stays empty.
 */
import { accessSync, constants, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { whenThereIsSpace } from "./journal_space.ts";
import { isBusy, isDamage } from "./sqlite_errors.ts";

const retryMs = 100;

export interface JournalLock {
  close(): void;
}

/** Waits for as long as another process has the journal in `folder`. */
export async function takeLock(options: { folder: string; clock: Clock; log: Log }): Promise<JournalLock> {
  const { folder, clock, log } = options;
  for (let attempt = 0; ; attempt++) {
    const lock = await whenThereIsSpace(options, () => tryLock(lockPath(folder)));
    if (lock !== undefined) return lock;
    if (attempt === 0) log.info("journal wait", { "event.reason": "another process has the journal" });
    await new Promise<void>((resolve) => clock.after(retryMs, resolve));
  }
}

/** Whether a process has the journal in `folder`. Changes nothing. */
export function isLocked(folder: string): boolean {
  try {
    using lock = new DatabaseSync(lockPath(folder), { readOnly: true, timeout: 0 });
    lock.prepare("SELECT * FROM sqlite_schema").all();
    return false;
  } catch (thrown) {
    return isBusy(thrown);
  }
}

function tryLock(path: string): JournalLock | undefined {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    accessSync(path, constants.W_OK); // of a file that may only be read an exclusive transaction excludes nobody
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE"); // a journal on the disk would need space
    return lock;
  } catch (thrown) {
    lock.close();
    if (isBusy(thrown)) return undefined;
    if (!isDamage(thrown)) throw thrown;
    truncateSync(path); // emptied where it is: it must stay the file that others wait for
    return undefined;
  }
}

function lockPath(folder: string): string {
  return join(folder, "journal.lock");
}
