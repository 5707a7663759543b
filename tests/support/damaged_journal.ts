/**
 * Journals to be damaged: a short evening's, as a kill or a stop leaves it. After each damage the
 * journal must open, and either every room that was committed is back as it was, or it is told.
 */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { dataFolder } from "./data_folder.ts";
import { listeningLog, loaded, openHere, startWriter } from "./journal_at_hand.ts";
import { type Contents, contentsAfter, turnOf } from "./journal_evening.ts";

const checkpointed = 9;
export const wholeEvening = 16;
export const main = "journal.sqlite";
export const wal = "journal.sqlite-wal";

/** The files as a kill -9 leaves them: some turns in the main file, the rest in the WAL. */
export async function killedJournal(t: TestContext): Promise<string> {
  const folder = dataFolder(t);
  await startWriter(t, folder, 1, checkpointed, "close").exited;
  assert.equal((await startWriter(t, folder, checkpointed + 1, wholeEvening, "kill").exited).signal, "SIGKILL");
  assert.deepEqual(
    readdirSync(folder).filter((file) => /sqlite|turns/.test(file)),
    [main, `${main}-shm`, wal, "journal.turns"],
  );
  return folder;
}

/** The files as a stop leaves them: everything in the main file. */
export async function closedJournal(t: TestContext): Promise<string> {
  const folder = dataFolder(t);
  for (const [first, last] of [
    [1, checkpointed],
    [checkpointed + 1, wholeEvening],
  ] as const)
    assert.equal((await startWriter(t, folder, first, last, "close").exited).code, 0);
  return folder;
}

/** Damages a copy, opens it, and judges what came back. */
export async function judge(source: string, what: string, damage: (folder: string) => void): Promise<{ isReported: boolean }> {
  const folder = `${source}-copy`;
  try {
    cpSync(source, folder, { recursive: true });
    damage(folder);
    return await judgeOpening(folder, idOf(source));
  } catch (cause) {
    throw new Error(what, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function judgeOpening(folder: string, id: string): Promise<{ isReported: boolean }> {
  const log = listeningLog();
  const journal = await openHere(folder, log);
  const rooms = loaded(journal);
  const isReported = log.events.includes("journal damage");
  const isWithoutLoss = journal.damage.rooms === 0 && journal.damage.turns === 0;
  if (isWithoutLoss) assert.ok(isDeepStrictEqual(rooms, contentsAfter(wholeEvening)), "every room is as it was");
  else assert.ok(isReported && isPartOfSomeTurn(rooms), "no value is changed");
  assert.deepEqual([journal.id, journal.boot, journal.clockMs], [id, 3, turnOf(wholeEvening).clockMs]);

  const more = { life: "c".repeat(16), value: "y".repeat(20_000) };
  journal.commit({ clockMs: 1e6, kept: [more], ended: [] });
  journal.close();
  const healed = listeningLog();
  const again = await openHere(folder, healed);
  assert.ok(isDeepStrictEqual(loaded(again), new Map([...rooms, [more.life, more.value]])), "it is kept as it was loaded");
  assert.deepEqual([again.damage, again.boot, healed.events], [{ rooms: 0, turns: 0 }, 4, []], "it is reported once");
  again.close();
  return { isReported };
}

/** Whether every value is what it was at one and the same turn. */
function isPartOfSomeTurn(rooms: Contents): boolean {
  return Array.from({ length: wholeEvening + 1 }, (_, turn) => contentsAfter(turn)).some((contents) =>
    [...rooms].every(([life, value]) => contents.get(life) === value),
  );
}

function idOf(folder: string): string {
  return /"id":"([0-9a-f]{16})"/.exec(readFileSync(join(folder, "journal.turns"), "latin1"))?.[1] ?? "";
}
