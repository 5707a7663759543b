/**
 * Space for the journal. A full disk is nothing that another start would help, so a start
 * waits for space; a turn does too (turn.ts).
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { isFull, isVague } from "./sqlite_errors.ts";

const retryMs = 250;
/** More than a turn needs, and as many files as a database has: where these may be written, it was not for want of space. */
const sampleBytes = 65_536;
const sampleFiles = 4;

/**
 * Does `act`, again and again for as long as there is no space.
 * @throws what `act` throws, or what the folder says where that is clearer.
 */
export async function whenThereIsSpace<Result>(
  { folder, clock, log }: { folder: string; clock: Clock; log: Log },
  act: () => Result,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      const result = act();
      if (attempt > 0) log.info("journal heal");
      return result;
    } catch (thrown) {
      const reason = reasonOf(thrown, folder);
      if (!isFull(reason)) throw reason;
      if (attempt === 0) log.error("journal full", { "event.reason": "the start waits for space" });
      await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    }
  }
}

/** SQLite does not tell every quota, or a disk that takes no more files, from a broken one: then the folder is asked. */
export function reasonOf(thrown: unknown, folder: string): unknown {
  if (!isVague(thrown)) return thrown;
  const samples = Array.from({ length: sampleFiles }, (_, at) => join(folder, `journal.sample-${at}`));
  try {
    for (const sample of samples) writeFileSync(sample, Buffer.alloc(sampleBytes));
    return thrown;
  } catch (reason) {
    return reason;
  } finally {
    for (const sample of samples) rmSync(sample, { force: true });
  }
}
