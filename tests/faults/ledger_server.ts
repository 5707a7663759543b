/**
 * A game server that deals the ledger too, in a process that can be told to die at a named
 * point: `KILL_AT="before commit:17"`, `"after commit:17"`, `"restore:3"` (while the third room
 * is read). It says so before. `LEDGER_VERSION=2` makes it the next release, which upgrades the rooms of the first.
 */
import { writeSync } from "node:fs";
import { GameServer } from "#game_server/game_server.ts";
import { games } from "#game_server/games.ts";
import type { Commit, Journal, StoredRoom } from "#game_server/journal.ts";
import { openJournal } from "#game_server/open_journal.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { run } from "#runtime/process.ts";
import { type LedgerState, ledger } from "#simulation/ledger.ts";

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

/** A journal that dies with its process at the chosen point. */
function mined(journal: Journal, fuse: Fuse): Journal {
  return {
    ...{ id: journal.id, boot: journal.boot, isDurable: journal.isDurable, clockMs: journal.clockMs, damage: journal.damage },
    *load(): Iterable<StoredRoom> {
      for (const room of journal.load()) {
        fuse.burn("restore");
        yield room;
      }
    },
    commit(commit: Commit): void {
      fuse.burn("before commit");
      journal.commit(commit);
      fuse.burn("after commit");
    },
    close: () => journal.close(),
  };
}

await run("game_server", async ({ settings, clock, entropy, log, lifecycle }) => {
  const journal = mined(await openJournal({ settings, clock, entropy, log }), new Fuse(killPoint, Number(killCount)));
  const ofRelease = { ...ledger, version, upgrade: (state: unknown) => state as LedgerState };
  const server = new GameServer({
    ...{ settings, games: [...games, ofRelease], clock, entropy, log, journal, port: settings.port ?? 0, watchdog: noWatchdog },
    drainLeftMs: () => lifecycle.leftMs,
    onChange: () => lifecycle.settle(),
  });
  server.restore();
  return server;
});
