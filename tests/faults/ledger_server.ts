/**
 * The game server as it is, which deals the ledger too, and has a fuse: at a named point it sends a
 * signal, and says so before.
 *
 *     KILL_AT="before commit:17"                  it kills itself at its seventeenth commit; also "after commit:17",
 *                                                 "restore:3" (while the third room is read)
 *     on standard input "accepted:1 1234 SIGSTOP" it stops process 1234 at that point of a move (`movePoints`)
 *
 * What its games say in the log is also in a file beside the journal (said_file.ts).
 * `LEDGER_VERSION` and `LEDGER_UPGRADE` say which release it is (ledger_release.ts).
 */
import { appendFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { RedisOwner } from "#fleet/owner_redis.ts";
import { Arrivals } from "#game_server/arrivals.ts";
import type { StoredRoom } from "#game_server/journal.ts";
import { SqliteJournal } from "#game_server/journal_sqlite.ts";
import { PeerLink } from "#game_server/peer_link.ts";
import { Room } from "#game_server/room.ts";
import { RoomTable } from "#game_server/table.ts";
import { deal } from "./deal.ts";
import { ledgerOfRelease } from "./ledger_release.ts";
import { saidFile } from "./said_file.ts";

/** Counts down to a signal. */
class Fuse {
  #point = "";
  #left = 0;
  #pid = 0;
  #signal = "";

  /** `order`: "point:count pid signal"; without the last two this process is killed. */
  light(order: string): void {
    const [, point = "", count = "1", pid = process.pid, signal = "SIGKILL"] = /^([a-z ]+):(\d+)(?: (\d+) (SIG[A-Z]+))?$/.exec(order) ?? [];
    this.#point = point;
    this.#left = Number(count);
    this.#pid = Number(pid);
    this.#signal = signal;
  }

  burn(point: string): void {
    if (point !== this.#point) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#point = "";
    writeSync(1, `burnt ${point}\n`);
    process.kill(this.#pid, this.#signal);
  }
}

const fuse = new Fuse();
fuse.light(process.env["KILL_AT"] ?? "");
createInterface({ input: process.stdin }).on("line", (order) => fuse.light(order));
(process.stdin as { unref?(): void }).unref?.(); // nobody waits for an order

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** From now on the fuse burns before this method, and after it when it has done what it promised. */
function mine(prototype: object, name: string, before: string, after: string): void {
  const methods = prototype as Record<string, Method>;
  const method = methods[name] as Method;
  methods[name] = function (...given) {
    fuse.burn(before);
    const result = method.apply(this, given);
    if (result instanceof Promise) return result.then((value: unknown) => done(value, after));
    return done(result, after);
  };
}

function done(result: unknown, point: string): unknown {
  fuse.burn(point);
  return result;
}

const { log } = RoomTable.prototype;
RoomTable.prototype.log = function (text) {
  const folder = process.env["DATA_DIR"];
  if (folder !== undefined) appendFileSync(join(folder, saidFile), `${text}\n`);
  log.call(this, text);
};

const { load } = SqliteJournal.prototype;
SqliteJournal.prototype.load = function* (): Iterable<StoredRoom> {
  for (const room of load.call(this)) {
    fuse.burn("restore");
    yield room;
  }
};
mine(SqliteJournal.prototype, "commit", "before commit", "after commit");
mine(PeerLink.prototype, "offer", "offering", "answered");
mine(Arrivals.prototype, "offer", "offered", "incoming");
mine(Room.prototype, "markOutgoing", "accepted", "outgoing");
mine(RedisOwner.prototype, "move", "committing", "committed");
mine(PeerLink.prototype, "activate", "given", "activating");
mine(Arrivals.prototype, "activate", "activated", "taken");
deal(ledgerOfRelease(process.env));
await import("#game_server/main.ts");
