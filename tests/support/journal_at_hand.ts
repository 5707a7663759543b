/** A journal in SQLite at a test's hand: opened in this process, or in one that can be killed. */
import type { TestContext } from "node:test";
import { openSqliteJournal, type SqliteJournal } from "#game_server/journal_sqlite.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { type Log, type LogEvent, silentLog } from "#runtime/log.ts";
import type { Contents } from "./journal_evening.ts";
import { type Run, start } from "./process.ts";

/** A log that remembers which events there were. */
export function listeningLog(): Log & { readonly events: LogEvent[] } {
  const events: LogEvent[] = [];
  const hear = (event: LogEvent): void => void events.push(event);
  const log = { events, isDebug: false, debug: hear, info: hear, warn: hear, error: hear, with: () => log };
  return log;
}

export function openHere(folder: string, log: Log = silentLog): Promise<SqliteJournal> {
  return openSqliteJournal({ folder, sync: "os", clock: systemClock, entropy: systemEntropy, log });
}

export function loaded(journal: SqliteJournal): Contents {
  return new Map([...journal.load()].map(({ life, value }) => [life, value]));
}

/**
 * A second process that writes the evening's turns `first` to `last`, and then kills itself, waits or closes; or waits
 * for a line, writes one more turn, which has no space, and kills itself.
 */
export function startWriter(t: TestContext, folder: string, first: number, last: number, then: "kill" | "hold" | "close" | "refuse"): Run {
  return start(t, ["tests/support/journal_writer.ts", folder, String(first), String(last), then]);
}
