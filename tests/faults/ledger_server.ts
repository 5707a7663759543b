/**
 * The game server as it is, which deals the ledger too, in a process that can be told to die at a named
 * point: `KILL_AT="before commit:17"`, `"after commit:17"`, `"restore:3"` (while the third room
 * is read). It says so before. `LEDGER_VERSION=2` makes it the next release, which upgrades the rooms of the first.
 */
import { writeSync } from "node:fs";
import type { Commit, StoredRoom } from "#game_server/journal.ts";
import { SqliteJournal } from "#game_server/journal_sqlite.ts";
import { type LedgerState, ledger } from "#simulation/ledger.ts";
import { deal } from "./deal.ts";

const [killPoint = "", killCount = "0"] = (process.env["KILL_AT"] ?? "").split(":");
const version = Number(process.env["LEDGER_VERSION"] ?? ledger.version);

/** Counts down to the end of this process. */
class Fuse {
  readonly #point: string;
  #left: number;

  constructor(point: string, count: number) {
    this.#point = point;
    this.#left = count;
  }

  burn(point: string): void {
    if (point !== this.#point) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    writeSync(1, `killed ${point}\n`);
    process.kill(process.pid, "SIGKILL");
  }
}

/** From now on journals die with this process at the chosen point. */
function mineJournals(fuse: Fuse): void {
  const { load, commit } = SqliteJournal.prototype;
  Object.assign(SqliteJournal.prototype, {
    *load(this: SqliteJournal): Iterable<StoredRoom> {
      for (const room of load.call(this)) {
        fuse.burn("restore");
        yield room;
      }
    },
    commit(this: SqliteJournal, turn: Commit): void {
      fuse.burn("before commit");
      commit.call(this, turn);
      fuse.burn("after commit");
    },
  });
}

mineJournals(new Fuse(killPoint, Number(killCount)));
deal({ ...ledger, version, upgrade: (state: unknown) => state as LedgerState });
await import("#game_server/main.ts");
