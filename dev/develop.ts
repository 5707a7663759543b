/**
 * Single mode for a game that is being written: it watches the game's folder, and whenever something in it changes the rooms
 * go on by the new rules, while their players stay connected. What cannot be loaded, or cannot go on, is told, and the rooms
 * play on by the rules they had. Never in production.
 *
 *     looking ──a source has changed──> generate, if it is a schema ──> load ──> swap ──> looking
 *                                                   └── trouble ──────────┴────────┘ (told)
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { greet, placeOfTools } from "#clients/welcome.ts";
import type { Game } from "#game_server/game.ts";
import { loadGame } from "#game_server/load_game.ts";
import { openJournal } from "#game_server/open_journal.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { type Context, run, type Started } from "#runtime/process.ts";
import { SettingError } from "#runtime/settings.ts";
import { SingleServer } from "#single";
import { generate } from "./generate.ts";
import { ModuleVersions } from "./module_versions.ts";
import { Sources } from "./sources.ts";

/** Felt as at once by who saves a file, and nothing for a dozen files. */
const lookEveryMs = 250;

/**
 * Runs until it has left service, like any process of ours. `place`: the game's folder, or its module.
 * @throws {SettingError} when there is no game, or in production.
 */
export async function develop(place: string): Promise<void> {
  if (process.env["ENV"] === "prod")
    throw new SettingError("croupier dev is for development, and ENV is prod: GAMES takes the game's path there.");
  const module = moduleAt(place);
  const folder = dirname(module);
  process.env["DATA_DIR"] ||= join(folder, "data");
  await run("croupier", (context) => open(context, folder, module), welcome, []);
}

function moduleAt(place: string): string {
  const path = resolve(place);
  const module = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, "game.ts") : path;
  if (!existsSync(module)) throw new SettingError(`there is no ${module}: croupier new makes such a folder.`);
  return realpathSync(module);
}

async function open(context: Context, folder: string, module: string): Promise<SingleServer> {
  const versions = new ModuleVersions(folder);
  const watched = new WatchedGame({ ...context, folder, module, versions, swap: (game) => server.swap(game) }); // what changes from here on, counts
  const server: SingleServer = new SingleServer(context, [await loadGame(module)], await openJournal(context));
  watched.start();
  return server;
}

interface WatchedGameOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  readonly module: string;
  readonly versions: ModuleVersions;
  swap(game: Game<unknown>): number;
}

class WatchedGame {
  readonly #options: WatchedGameOptions;
  readonly #sources: Sources;
  /** What is on the disk does not play: any file may be the one that was missing. */
  #isBroken = false;

  constructor(options: WatchedGameOptions) {
    this.#options = options;
    this.#sources = new Sources(options.folder);
  }

  start(): void {
    this.#options.clock.after(lookEveryMs, () => void this.#look().finally(() => this.start()));
  }

  async #look(): Promise<void> {
    const { folder, module, versions, log, swap } = this.#options;
    const changed = this.#sources.changed().filter((file) => this.#isBroken || isSchema(file) || versions.has(join(folder, file)));
    if (changed.length === 0) return;
    this.#isBroken = true;
    try {
      if (changed.some(isSchema)) await generate(folder);
      this.#sources.changed(); // what has just been generated is loaded below
      versions.renew();
      const game = await loadGame(module);
      const rooms = swap(game);
      this.#isBroken = false;
      log.info("game swap", { "game.name": game.name, rooms, "event.reason": `changed: ${changed.join(", ")}` });
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      log.error("game swap", { "event.reason": `${why} Everything plays on by the rules it had.` });
    }
  }
}

function isSchema(file: string): boolean {
  return file.endsWith(".proto");
}

function welcome(started: Started): Promise<void> {
  return greet(
    started,
    `
  Your game is dealt on port ${started.port}, and its folder is watched.

    Playground:  ${placeOfTools(started)}
`,
  );
}
