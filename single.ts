/**
 * Gate and game server in one process: what `npm start` runs. They talk over a link in
 * memory, through the same frames as between processes, and share one directory. When it
 * leaves, the rooms go first and the gate after them; its successor is the next start on the
 * same folder, so rooms are parked unless `PARK=off` or `DRAIN=wait`.
 */
import type { FastifyInstance } from "fastify";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { LinkSocket } from "#link/socket.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { type Metrics, timed } from "#runtime/metrics.ts";
import { type Context, run, type Service } from "#runtime/process.ts";
import type { DrainKind, Load } from "#runtime/process_views.ts";
import { welcome } from "./clients/welcome.ts";
import type { Game } from "./game_server/game.ts";
import { GameServer } from "./game_server/game_server.ts";
import { gamesOf } from "./game_server/games.ts";
import type { Journal } from "./game_server/journal.ts";
import { openJournal } from "./game_server/open_journal.ts";
import { Playground } from "./game_server/playground.ts";
import { ThreadWatchdog } from "./game_server/watchdog.ts";
import { Gate } from "./gate_server/gate.ts";
import { openPages } from "./gate_server/pages.ts";

const defaultPort = 60_006;

export class SingleServer implements Service {
  readonly #context: Context;
  readonly #gate: Gate;
  readonly #server: GameServer;
  #serverStopped: Promise<void> | undefined;

  constructor(context: Context, games: readonly Game<unknown>[], journal: Journal) {
    const { settings, clock, lifecycle } = context;
    const pages = openPages(settings); // a folder without one ends the start
    const directory = new MemoryDirectory(clock);
    this.#context = context;
    this.#server = new GameServer({
      ...{ ...context, games, directory, journal },
      settings: { ...settings, park: settings.park ?? "on" },
      watchdog: new ThreadWatchdog(clock, { service: "croupier", version: settings.version }, timed(settings, "croupier_handler_seconds")),
      drainLeftMs: () => lifecycle.leftMs,
      onChange: () => this.#onChange(),
    });
    this.#server.lose(directory.announce(journal.id, this.#server.restore()));
    this.#gate = new Gate({
      ...{ ...context, directory },
      port: settings.port ?? defaultPort,
      fleet: fixedFleet(
        games.map((game) => game.name),
        ["memory"],
      ),
      pages,
      ...(settings.env === "dev" && { tools: new Playground(this.#server) }),
      dial: () => this.#dial(),
      onServerDown: () => this.#serverOnDown(),
      onChange: () => this.#onChange(),
    });
  }

  get ready(): string {
    return this.#gate.ready;
  }

  get waitsFor(): string {
    return this.#server.waitsFor;
  }

  async start(): Promise<number> {
    const port = await this.#gate.start();
    await this.#gate.linked;
    return port;
  }

  async stop(): Promise<void> {
    await this.#stopServer();
    await this.#gate.stop();
  }

  register(metrics: Metrics): void {
    this.#gate.register(metrics);
    this.#server.register(metrics);
  }

  addRoutes(server: FastifyInstance): void {
    this.#gate.addRoutes(server);
    this.#server.addRoutes(server);
  }

  /** As `GameServer.swap`. */
  swap(game: Game<unknown>): number {
    return this.#server.swap(game);
  }

  get drainKind(): DrainKind {
    return this.#server.drainKind;
  }

  get load(): Load {
    return { ...this.#server.load, sessions: this.#gate.load.sessions };
  }

  isEmpty(): boolean {
    return this.#server.isEmpty() && this.#gate.isEmpty();
  }

  drain(): void {
    this.#server.drain();
    this.#onChange();
  }

  /** Once the rooms are gone there is nothing to go back to. */
  undo(): boolean {
    return this.#serverStopped === undefined && this.#server.undo();
  }

  park(): boolean {
    return this.#server.park();
  }

  dissolve(): void {
    this.#server.dissolve();
    if (this.#serverStopped !== undefined) this.#gate.dissolve();
  }

  async #dial(): Promise<LinkSocket> {
    const [gateEnd, serverEnd] = memoryPair(this.#context.clock);
    this.#server.accept(serverEnd);
    return gateEnd;
  }

  /** Once the rooms are gone the link ends behind their last words, and then the gate closes. */
  #onChange(): void {
    const isLeaving = this.#context.lifecycle.stage !== "serving";
    if (isLeaving && this.#server.isEmpty()) void this.#stopServer();
    this.#context.lifecycle.settle();
  }

  #stopServer(): Promise<void> {
    this.#serverStopped ??= this.#server.stop();
    return this.#serverStopped;
  }

  /** Sessions are closed at a pace; at once after a second signal. */
  #serverOnDown(): void {
    const { stage } = this.#context.lifecycle;
    if (stage === "serving") return;
    this.#gate.giveUpRooms();
    if (stage === "draining") this.#gate.drain();
    else this.#gate.dissolve();
  }
}

/** Single mode with the games that `GAMES` has. */
export async function openSingle(context: Context): Promise<SingleServer> {
  const games = await gamesOf(context.settings.games);
  return new SingleServer(context, games, await openJournal(context));
}

if (import.meta.main) await run("croupier", openSingle, welcome);
