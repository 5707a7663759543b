/**
 * A process that has a journal open, for tests that take it away by force: it writes an
 * evening of turns, says so, and then kills itself or waits to be killed.
 *
 *     node tests/support/journal_writer.ts FOLDER FIRST_TURN LAST_TURN kill|hold|close|refuse
 */
import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { JournalFull } from "#game_server/journal.ts";
import { openSqliteJournal } from "#game_server/journal_sqlite.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { turnOf } from "./journal_evening.ts";

const [folder = "", first, last, then] = process.argv.slice(2);
const journal = await openSqliteJournal({ folder, sync: "os", clock: systemClock, entropy: systemEntropy, log: silentLog });
for (let turn = Number(first); turn <= Number(last); turn++) journal.commit(turnOf(turn));
if (then === "kill") process.kill(process.pid, "SIGKILL");
process.stdout.write("written\n");
if (then === "hold") setInterval(() => {}, 60_000);
else if (then === "refuse") process.stdin.once("data", () => commitWithoutSpace(Number(last) + 1));
else journal.close();

/** A turn that is refused, and is there for nobody. */
function commitWithoutSpace(turn: number): void {
  const kept = [{ life: "f".repeat(16), value: "x".repeat(1_000_000) }];
  assert.throws(() => journal.commit({ ...turnOf(turn), kept }), JournalFull);
  writeSync(1, "refused\n");
  process.kill(process.pid, "SIGKILL");
}
