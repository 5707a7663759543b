/**
 * One gate, one data folder, and one game server after the other on it, each with the games of its release: what a
 * rollout comes to. All in this process; links are in memory, the journal is real.
 */
import type { TestContext } from "node:test";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { Game } from "#game_server/game.ts";
import { GameServer } from "#game_server/game_server.ts";
import { openSqliteJournal } from "#game_server/journal_sqlite.ts";
import { noWatchdog } from "#game_server/watchdog.ts";
import { Gate } from "#gate_server/gate.ts";
import type { LinkSocket } from "#link/socket.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { Metrics } from "#runtime/metrics.ts";
import { readSettings } from "#runtime/settings.ts";
import { dataFolder, storedRows } from "./data_folder.ts";
import { LogLines } from "./log_lines.ts";

const settings = readSettings({ DRAIN_WINDOW: "0" });
const common = { settings, clock: systemClock, entropy: systemEntropy };

export class Releases {
  readonly port: number;
  /** The game servers' log. */
  readonly log = new LogLines();
  readonly #folder: string;
  readonly #gateLog: LogLines;
  readonly #serving: { server: GameServer | undefined };

  private constructor(port: number, folder: string, gateLog: LogLines, serving: { server: GameServer | undefined }) {
    this.port = port;
    this.#folder = folder;
    this.#gateLog = gateLog;
    this.#serving = serving;
  }

  /** A gate, and no game server yet. `names`: the games that players may ask for. */
  static async open(t: TestContext, names: readonly string[]): Promise<Releases> {
    const serving: { server: GameServer | undefined } = { server: undefined };
    let close = async (): Promise<void> => {};
    t.after(() => close()); // registered ahead of the folder's end: a journal without its files ends the process
    const folder = dataFolder(t);
    const gateLog = new LogLines();
    const directory = new MemoryDirectory(systemClock);
    const gate = new Gate({
      ...{ ...common, directory, kept: directory, port: 0, log: gateLog, onChange: () => {} },
      fleet: fixedFleet(names, ["memory"]),
      dial: async () => dial(serving.server),
    });
    const port = await gate.start();
    const releases = new Releases(port, folder, gateLog, serving);
    close = async () => {
      await gate.stop();
      await releases.stop();
    };
    return releases;
  }

  /** The game server of a release that has these games takes over the journal. */
  async start(games: readonly Game<unknown>[]): Promise<void> {
    this.#gateLog.clear();
    const journal = await openSqliteJournal({ ...common, folder: this.#folder, sync: "os", log: this.log });
    const options = { ...common, games, journal, log: this.log, watchdog: noWatchdog };
    const server = new GameServer({ ...options, drainLeftMs: () => undefined, onChange: () => {} });
    this.#serving.server = server; // from now on it is stopped with the test
    server.restore();
    await this.#gateLog.logged("link up");
  }

  /** It stops where it stands; rooms stay in the journal. */
  async stop(): Promise<void> {
    const { server } = this.#serving;
    this.#serving.server = undefined;
    await server?.stop();
  }

  /** The journal's rows of one room. */
  rows(game: string, room: string): { life: string; crc: number; value: string }[] {
    return storedRows(this.#folder).filter(({ value }) => {
      const stored = JSON.parse(value) as { game: string; room: string };
      return stored.game === game && stored.room === room;
    });
  }

  /** A metric of the game server. */
  async metric(name: string): Promise<number> {
    const metrics = new Metrics({});
    this.#serving.server?.register(metrics);
    return Number(new RegExp(`^${name} (.*)$`, "m").exec(await metrics.text())?.[1]);
  }
}

function dial(server: GameServer | undefined): LinkSocket {
  if (server === undefined) throw new Error("there is no game server now");
  const [gateEnd, serverEnd] = memoryPair(systemClock);
  server.accept(serverEnd);
  return gateEnd;
}
