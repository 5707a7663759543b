/**
 * The gate: sessions come in at the listener, find their rooms through the seating, and
 * talk to them over the links. It knows no game. This file makes the pieces and takes them
 * down again; leaving is closing sessions at a pace that the other gates can bear.
 */
import type { FastifyInstance } from "fastify";
import type { Admission } from "#door/admission.ts";
import { DoorCounts } from "#door/counts.ts";
import { type Door, Listener, type ListenerOptions } from "#door/listener.ts";
import { openAdmission } from "#door/open_admission.ts";
import { Sessions } from "#door/sessions.ts";
import type { DirectoryForGates } from "#fleet/directory.ts";
import type { MemoryDirectory } from "#fleet/directory_memory.ts";
import type { Fleet } from "#fleet/fleet.ts";
import type { LinkSocket } from "#link/socket.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Leaving } from "#runtime/lifecycle.ts";
import type { Log } from "#runtime/log.ts";
import { type Distribution, type Metrics, timed } from "#runtime/metrics.ts";
import type { Pages } from "#runtime/pages.ts";
import type { DrainKind, Load } from "#runtime/process_views.ts";
import { type Secrets, secretsOf } from "#runtime/secrets.ts";
import type { Settings } from "#runtime/settings.ts";
import { Development, type DevelopmentTools } from "./development.ts";
import { DirectoryKeeper } from "./directory_keeper.ts";
import { GateRooms } from "./gate_rooms.ts";
import { Links } from "./links.ts";
import { Resolver } from "./resolver.ts";
import { RoomsPage } from "./rooms_page.ts";
import { GateSeating } from "./seating.ts";
import { addServerRoutes } from "./server_routes.ts";
import { addSessionRoutes } from "./session_routes.ts";

/** How long after HOLD every seat that cannot be reached has been given up: servers wait 15 s longer than gates. */
const silentGraceMs = 30_000;
/** After a start the directory in memory is learning for at most so long (ARCHITECTURE §4). */
const learningMs = 15_000;

export interface GateOptions {
  settings: Settings;
  /** Left out: those of the settings, for ever. */
  secrets?: Secrets;
  port: number;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  fleet: Fleet;
  dial(address: string): Promise<LinkSocket>;
  /** What is served at `/`; left out: nothing. */
  pages?: Pages;
  /** What development's own pages may ask of this process beside. */
  tools?: DevelopmentTools;
  /** How players come in; left out: by a port. */
  openDoor?(options: ListenerOptions): Door;
  directory: DirectoryForGates;
  /** The same directory where this gate keeps it for its servers (static fleet). */
  kept?: MemoryDirectory;
  /** Where the fleet and the directory are, when many gates share them. */
  redis?: { readonly isUp: boolean; stop(): void };
  /** The link to a game server is lost. */
  onServerDown?(): void;
  /** A session has gone: a gate that leaves may be empty now. */
  onChange(): void;
}

export class Gate implements Leaving {
  readonly boot: string;
  readonly #options: GateOptions;
  readonly #counts: DoorCounts;
  readonly #admission: Admission;
  /** How long lives were held. */
  readonly #held: Distribution | undefined;
  readonly #sessions: Sessions;
  readonly #links: Links;
  readonly #resolver: Resolver;
  readonly #rooms: GateRooms;
  readonly #door: Door;
  #learning: Timer | undefined;
  readonly #linked = Promise.withResolvers<void>();
  #wasLinked = false;

  constructor(options: GateOptions) {
    const { settings, clock, entropy, log, fleet, directory, dial, kept } = options;
    const development = settings.env === "dev";
    const boot = hex64(entropy);
    const counts = new DoorCounts(settings);
    const { secrets = secretsOf(settings) } = options;
    const admission = openAdmission({ settings, secrets, clock, log, counts });
    this.#options = options;
    this.#counts = counts;
    this.#admission = admission;
    this.#held = timed(settings, "croupier_room_held_seconds");
    this.boot = boot;
    const sessions = new Sessions({
      ...settings,
      ...{ clock, entropy, log, boot, admission, counts, development },
      seating: { sit: (session, request, number) => seating.sit(session, request, number) },
      onGone: options.onChange,
    });
    const rooms = new GateRooms({ clock, log, sessions, holdMs: settings.holdMs, held: this.#held });
    const links: Links = new Links({
      ...{ clock, log, entropy, fleet, dial, boot, sessions, rooms, release: settings.version },
      keys: () => secrets.linkKeys,
      keeper: kept && new DirectoryKeeper(kept, { log, linkTo: (owner) => links.to(owner) }),
      onChange: () => this.#linksOnChange(),
      onMoved: (life, owner, epoch) => resolver.moved(life, owner, epoch),
      onDenied: (room, link) => resolver.denied(room, link),
      onServerDown: ({ journal, durable }) => {
        // Rooms without a journal that nobody can reach are empty once every seat in them has been given up.
        const emptyMs = settings.holdMs === 0 ? 0 : settings.holdMs + silentGraceMs;
        kept?.silent(journal, durable ? settings.abandonAfterMs : emptyMs);
        options.onServerDown?.();
      },
      onServerReplaced: (journal) => {
        kept?.forget(journal);
        rooms.lose(journal);
      },
    });
    const resolver = new Resolver({ clock, directory, links, rooms });
    const seating = new GateSeating({ clock, fleet, directory, links });
    const roomsPage = new RoomsPage({ clock, links, origins: settings.origins, isKnown: (game) => seating.isKnown(game) });
    const tools = new Development(settings, options.tools);
    this.#links = links;
    this.#resolver = resolver;
    this.#rooms = rooms;
    this.#sessions = sessions;
    const openDoor = options.openDoor ?? ((listener) => new Listener(listener));
    this.#door = openDoor({
      ...settings,
      ...{ clock, log, admission, counts, port: options.port },
      page: (path, query, request, response) =>
        roomsPage.page(path, query, request, response) ||
        tools.get(path, query, request, response) ||
        (options.pages?.(path, request, response) ?? false),
      post: (path, query, request, response) => tools.post(path, query, request, response),
      onPlayer: (socket, identity, address) => sessions.open(socket, identity, address),
    });
  }

  /** Opens the listener and begins to dial; gives the port. */
  async start(): Promise<number> {
    if (this.#options.kept !== undefined) this.#learn(this.#options.kept);
    this.#admission.start();
    const port = await this.#door.listen();
    this.#links.start();
    this.#resolver.start();
    return port;
  }

  /** Takes everything down. Sessions still open are closed. */
  async stop(): Promise<void> {
    this.#learning?.cancel();
    this.#options.kept?.stop();
    this.#admission.stop();
    this.#sessions.stop();
    this.#resolver.stop();
    this.#links.stop();
    this.#rooms.stop();
    this.#options.redis?.stop();
    await this.#door.close();
  }

  /** "ok" once a game server has answered, and tokens can be checked: so a wrong JWKS_URL stops a rollout, and not the gates there are. */
  get ready(): string {
    if (!this.#admission.hasKeys) return "keyless";
    return this.#wasLinked ? "ok" : "unlinked";
  }

  /** Resolves when the first game server has answered. */
  get linked(): Promise<void> {
    return this.#linked.promise;
  }

  get waitsFor(): string {
    return `${this.#sessions.size} sessions to be sent to other gates`;
  }

  register(metrics: Metrics): void {
    const { redis, fleet } = this.#options;
    this.#counts.register(metrics, () => this.#sessions.all());
    metrics.gauge("croupier_links", () => this.#links.count);
    metrics.gauge("croupier_links_down", () => this.#links.downCount);
    metrics.gauge("croupier_gate_rooms", () => this.#rooms.count);
    metrics.gauge("croupier_gate_rooms_held", () => this.#rooms.heldCount);
    metrics.total("croupier_gate_stale_total", () => this.#rooms.stale);
    metrics.histogram(this.#held);
    if (redis === undefined) return;
    metrics.gauge("croupier_redis_up", () => Number(redis.isUp));
    metrics.gauge("croupier_fleet_up", () => Number(fleet.isUp));
  }

  addRoutes(server: FastifyInstance): void {
    addSessionRoutes(server, { boot: this.boot, sessions: this.#sessions });
    addServerRoutes(server, { links: this.#links, rooms: this.#rooms, directory: this.#options.directory });
  }

  // Leaving (P6): closes are spread over a window, with jitter; the second signal closes the rest at once.

  readonly drainKind: DrainKind = "close";

  get load(): Load {
    return { rooms: 0, players: 0, sessions: this.#sessions.size };
  }

  isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  drain(): void {
    this.#door.refuseNew();
    const { drainDelayMs: delayMs, drainWindowMs: windowMs } = this.#options.settings;
    this.#sessions.closePaced({ delayMs, windowMs });
  }

  undo(): boolean {
    this.#sessions.keep();
    this.#door.acceptNew();
    return true;
  }

  /** A gate has nothing that another start of it could go on with. */
  park(): boolean {
    return false;
  }

  dissolve(): void {
    this.#door.refuseNew();
    this.#sessions.closeAll("restart");
    this.giveUpRooms();
  }

  /** Rooms that cannot be reached will not hear who leaves them now: nobody waits for that. */
  giveUpRooms(): void {
    this.#rooms.giveUp();
  }

  #linksOnChange(): void {
    if (this.#links.count > 0) {
      this.#wasLinked = true;
      this.#linked.resolve();
    }
    if (this.#links.allTold) this.#learned();
  }

  /** Until every server of the fleet has told what it owns, a name that looks free may not be. */
  #learn(directory: MemoryDirectory): void {
    directory.learn();
    this.#learning = this.#options.clock.after(learningMs, () => this.#learned());
  }

  #learned(): void {
    this.#learning?.cancel();
    this.#options.kept?.learned();
  }
}
