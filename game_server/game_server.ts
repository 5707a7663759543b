/**
 * The game server: owns rooms, and lets gates (and in development direct clients) reach
 * them. This file makes the pieces and takes them down again; how the rooms leave with it is
 * drain.ts's business.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { WebSocketServer } from "ws";
import type { Admission } from "#door/admission.ts";
import { DoorCounts, refusalCodes } from "#door/counts.ts";
import { Listener } from "#door/listener.ts";
import { openAdmission } from "#door/open_admission.ts";
import { RefusalLines } from "#door/refusal_lines.ts";
import { Sessions } from "#door/sessions.ts";
import type { Announcement, Conflicts, DirectoryForServers, Life, Membership, Unsettled } from "#fleet/directory.ts";
import { LinkDirectory } from "#fleet/directory_link.ts";
import { type Fleet, fixedFleet } from "#fleet/fleet.ts";
import type { Owned } from "#fleet/owner_redis.ts";
import type { ServerRecord } from "#fleet/server_record.ts";
import type { LinkChannel } from "#link/channel.ts";
import { greetGate, type ServerGreeter } from "#link/greeting.ts";
import type { LinkSocket } from "#link/socket.ts";
import { limitGreeting, linkPath, linkWebSocketOptions, WebSocketLink } from "#link/socket_websocket.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import type { ToGateWriter } from "#protocol/link.ts";
import type { Refused } from "#protocol/refusals.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Leaving } from "#runtime/lifecycle.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { nanoseconds } from "#runtime/log_fields.ts";
import { LogLimit, refusalPaces } from "#runtime/log_limit.ts";
import { type Distribution, type Metrics, Tally, timed } from "#runtime/metrics.ts";
import type { DrainKind, Load } from "#runtime/process_views.ts";
import { type Secrets, secretsOf } from "#runtime/secrets.ts";
import type { Settings } from "#runtime/settings.ts";
import { Arrivals } from "./arrivals.ts";
import { dealsOf } from "./deals.ts";
import { Departures } from "./departures.ts";
import { DirectClients } from "./direct.ts";
import { Drain } from "./drain.ts";
import type { Game } from "./game.ts";
import { GateLink, type GateLinkShare } from "./gate_link.ts";
import type { Journal } from "./journal.ts";
import { counted, type JournalCounts } from "./journal_counts.ts";
import { addJournalRoutes } from "./journal_routes.ts";
import { Mover } from "./mover.ts";
import { PeerGuest } from "./peer_guest.ts";
import { Peers } from "./peers.ts";
import { addRoomRoutes } from "./room_routes.ts";
import { Rooms } from "./rooms.ts";
import { ServerClock } from "./server_clock.ts";
import { Sits } from "./sits.ts";
import type { Watchdog } from "./watchdog.ts";

/** Seats are kept longer here than sessions at gates, so that a gate never holds what is gone (ARCHITECTURE §1). */
const holdGraceMs = 15_000;
/** Gates, and servers that have rooms to give, hear of a change in rooms or seats at most this often. */
const statusEveryMs = 100;
/** After a second signal rooms that may be other servers' are waited for so long. */
const settleMsMax = 5000;
/** What has happened is committed at the end of its turn, unless the journal has no space. */
const settleTimeoutMs = 1000;
/** Connections to the link port that have not proved themselves yet: of more the oldest is cut, since who is ours is quick. */
const greetingsMax = 32;

export interface GameServerOptions {
  settings: Settings;
  /** Left out: those of the settings, for ever. */
  secrets?: Secrets;
  /** What it deals, each by a name of its own. */
  games: readonly Game<unknown>[];
  clock: Clock;
  entropy: Entropy;
  log: Log;
  watchdog: Watchdog;
  journal: Journal;
  /** For links and, in development, direct clients; left out: the only gate is in this process. */
  port?: number;
  /** Where other game servers may be found, which rooms can be given to; left out: there are none. */
  peers?: Fleet;
  dial?(address: string): Promise<LinkSocket>;
  /** The directory; left out: the one gate keeps it (static fleet). */
  directory?: DirectoryForServers;
  /** Its place in a fleet that servers join by themselves; left out: gates know where it is. */
  membership?: Membership;
  /** The name of its machine, such as a pod's; left out: nobody needs to know. */
  machine?: string;
  /** Milliseconds until the drain deadline, for notices. */
  drainLeftMs(): number | undefined;
  /** A room has ended: a server that leaves may be empty now. */
  onChange(): void;
}

export class GameServer implements Leaving, Owned {
  readonly #options: GameServerOptions;
  readonly #games: Map<string, Game<unknown>>;
  readonly #counts: DoorCounts;
  /** Refusals of sits and by rooms, by code. */
  readonly #refusals = new Tally<number>(refusalCodes);
  readonly #refusalLines: RefusalLines;
  #linesDropped = 0;
  readonly #rooms: Rooms;
  readonly #sits: Sits;
  readonly #drain: Drain;
  readonly #links = new Set<GateLink>();
  readonly #guests = new Set<PeerGuest>();
  readonly #secrets: Secrets;
  readonly #peers: Peers;
  readonly #arrivals: Arrivals;
  readonly #departures: Departures;
  readonly #mover: Mover;
  readonly #moves: Distribution | undefined;
  readonly #written: JournalCounts;
  /** After a second signal: what may be another server's is waited for no longer. */
  #settling: Timer | undefined;
  #isSettled = false;
  readonly #greetings = new Set<LinkSocket>();
  #linkRefusals = 0;
  readonly #linkLines = new LogLimit(refusalPaces);
  readonly #share: GateLinkShare;
  readonly #about: Omit<ServerRecord, "address" | "isDraining">;
  readonly #hello: ServerGreeter["hello"];
  readonly #kept: LinkDirectory | undefined;
  readonly #linkServer = new WebSocketServer({ ...linkWebSocketOptions, noServer: true, clientTracking: false });
  /** The gate that keeps the directory. */
  #keeper: GateLink | undefined;
  #listener: Listener | undefined;
  #direct: Sessions | undefined;
  #admission: Admission | undefined;
  #status: Timer | undefined;

  constructor(options: GameServerOptions) {
    const { settings, clock, entropy, log, watchdog, secrets = secretsOf(settings) } = options;
    const { journal, counts: written } = counted(options.journal, settings, clock);
    this.#refusalLines = new RefusalLines(clock, () => {
      this.#linesDropped += 1;
    });
    const development = settings.env === "dev";
    const games = new Map(options.games.map((game) => [game.name, game]));
    this.#games = games;
    this.#options = options;
    this.#secrets = secrets;
    this.#counts = new DoorCounts(settings);
    this.#moves = timed(settings, "croupier_move_pause_seconds");
    this.#written = written;
    this.#kept =
      options.directory === undefined
        ? new LinkDirectory({
            clock,
            own: () => this.#rooms.announcement(),
            unsettled: () => this.unsettled(),
            onLateClaim: (life, user) => this.#sits.releaseLate(life, user),
          })
        : undefined;
    const directory = options.directory ?? (this.#kept as LinkDirectory);
    const rooms = new Rooms({
      ...{ entropy, log, watchdog, journal, games, development, directory },
      clock: new ServerClock(clock, journal.clockMs),
      seats: settings.seats,
      watchersMax: settings.watchersMax,
      holdMs: settings.holdMs === 0 ? 0 : settings.holdMs + holdGraceMs,
      roomsMax: settings.roomsMax,
      onRefused: (refused, of, who) => this.#onRefused(refused, of, who),
      onChange: () => this.#roomsOnChange(),
      onTurnEnd: () => options.onChange(),
      mayPlay: () => options.membership?.mayPlay ?? true,
      onLapsed: () => void this.#lapse(),
      onStalled: (isStalled) => this.#roomsOnStalled(isStalled),
      onParked: () => this.#roomsOnParked(),
      onDone: (life) => {
        for (const link of this.#links) link.forget(life);
      },
    });
    this.#rooms = rooms;
    const { id, boot, isDurable } = journal;
    const whenSettled = (life: string): Promise<void> | undefined => this.#arrivals.settled(life);
    this.#sits = new Sits({ rooms, directory, games, whenSettled, onChange: () => options.onChange() });
    const { dial = nobodyToDial, peers: fleet = fixedFleet([], []) } = options;
    this.#peers = new Peers({
      ...{ clock, entropy, log, fleet, dial },
      ...{ journal: id, isDurable, release: settings.version },
      keys: () => secrets.linkKeys,
    });
    const passages = { clock: rooms.clock, entropy, log, rooms, directory, peers: this.#peers, onChange: () => options.onChange() };
    this.#arrivals = new Arrivals(passages);
    this.#departures = new Departures({ ...passages, onMoved: (pauseMs) => this.#moves?.addMs(pauseMs) });
    this.#mover = new Mover({ clock, rooms, peers: this.#peers, departures: this.#departures });
    const mayPark = settings.park === "on" && isDurable;
    this.#drain = new Drain({
      ...{ settings, clock, rooms, mayPark, mover: options.peers && this.#mover },
      leftMs: () => options.drainLeftMs(),
      onKind: () => this.#roomsOnChange(),
    });
    const about = { journal: id, boot, release: settings.version, games: [...games.keys()], durable: isDurable };
    this.#about = { ...about, startedAtMs: Math.round(clock.wall()) };
    const { machine = "" } = options;
    this.#hello = () => {
      const deals = dealsOf(games.values());
      return { ...this.#about, games: [...games.keys()], deals, machine, parks: mayPark, status: this.#statusNow() };
    };
    this.#share = {
      ...{ log, development, rooms, sits: this.#sits, whenSettled },
      refused: (refused, who) => this.#onRefused(refused, log, who),
      onDown: (link) => this.#linkOnDown(link),
      onClaimAnswer: (answer) => this.#kept?.answered(answer),
      onDirectoryAnswer: (answer) => this.#kept?.told(answer),
    };
  }

  /** Goes on with the rooms of the journal; gives who sits where, for a directory that must be told. */
  restore(): Announcement {
    const { clock, log, journal } = this.#options;
    const startMs = clock.now();
    for (const value of this.#rooms.restore()) this.#arrivals.restore(value);
    for (const room of [...this.#rooms.all()]) this.#departures.resume(room);
    const reason = `${this.#rooms.unreadableCount} unreadable`;
    if (journal.boot > 1)
      log.info("restore all", { rooms: this.#rooms.count, "event.duration": nanoseconds(clock.now() - startMs), "event.reason": reason });
    return this.#rooms.announcement();
  }

  // Owned: what a directory that many gates share is told.

  record(): Omit<ServerRecord, "address"> {
    return { ...this.#about, isDraining: this.#rooms.isDraining };
  }

  counts(): { lives: number; users: number } {
    return this.#rooms.owned;
  }

  announcement(): Announcement {
    return this.#rooms.announcement();
  }

  unsettled(): Unsettled[] {
    return [...this.#arrivals.unsettled(), ...this.#rooms.unsettled()];
  }

  settled(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(settleTimeoutMs, () => resolve(false));
      this.#rooms.whenCommitted(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  /** What the directory has for others: a life whose name is taken, a user who sits in another room, a life at a higher epoch. */
  lose({ lives, users, moved }: Conflicts): void {
    const idsOf = (all: readonly Life[]): string[] => all.map(({ life }) => life);
    this.#rooms.lose({ lives: idsOf(lives), moved, users: users.map(({ life, user }) => ({ life: life.life, user })) });
  }

  /** A gate in this process, or behind a socket that was accepted. */
  accept(socket: LinkSocket, onProved = (): void => {}): void {
    const { clock, entropy } = this.#options;
    this.#makePlaceForGreeting();
    this.#greetings.add(socket);
    greetGate(socket, {
      ...{ clock, entropy, keys: this.#secrets.linkKeys, hello: this.#hello },
      refuse: (gate) => (gate.isServer ? undefined : this.#refuseGate(gate.boot)),
      onUp: (channel, gate) => {
        this.#greetings.delete(socket);
        onProved();
        if (gate.isServer) this.#peerOnUp(channel, gate.boot);
        else this.#linkOnUp(new GateLink(channel, gate.boot, this.#share), channel.peer);
      },
      onFailed: (why) => {
        this.#greetings.delete(socket);
        this.#linkOnRefused(socket.peer, why);
      },
    });
  }

  /** What it deals, by name. */
  get games(): ReadonlyMap<string, Game<unknown>> {
    return this.#games;
  }

  /**
   * A game's changed rules, for the rooms there are and those to come.
   * @throws with the reason why a room cannot go on by them: everything plays on by the rules it had.
   */
  swap(game: Game<unknown>): number {
    if (!this.#games.has(game.name)) throw new Error(`its name is ${game.name} now, which needs a restart`);
    const rooms = this.#rooms.swap(game);
    this.#games.set(game.name, game);
    this.#rooms.readAgain(game.name);
    return rooms;
  }

  /** Gives the room with this life away; false: it stays. */
  async move(life: string): Promise<boolean> {
    const room = this.#rooms.alive(life);
    return room !== undefined && (await this.#mover.move(room)) !== undefined;
  }

  /** Opens the port for links and, in development, direct clients; gives its number. */
  async start(): Promise<number> {
    const { settings, clock, entropy, log, port = 0 } = this.#options;
    const development = settings.env === "dev";
    const [counts, rooms, boot] = [this.#counts, this.#rooms, hex64(entropy)];
    const admission = openAdmission({ settings, secrets: this.#secrets, clock, log, counts });
    this.#admission = admission;
    if (development) admission.start();
    const direct = new DirectClients({ rooms, sits: this.#sits, boot, sessions: () => sessions });
    const sessions = new Sessions({
      ...settings,
      ...{ clock, entropy, log, boot, admission, counts, development, seating: direct },
      onGone: this.#options.onChange,
    });
    this.#direct = sessions;
    this.#listener = new Listener({
      ...settings,
      ...{ clock, log, admission, counts, port },
      upgrade: (path, request, stream, head) => path === linkPath && this.#acceptUpgrade(request, stream, head),
      onPlayer: (socket, identity, address) => sessions.open(socket, identity, address),
    });
    if (!development) this.#listener.refusePlayers();
    const listening = await this.#listener.listen();
    this.#options.membership?.join(listening);
    return listening;
  }

  async stop(): Promise<void> {
    this.#status?.cancel();
    this.#settling?.cancel();
    this.#drain.stop();
    this.#admission?.stop();
    await this.#options.membership?.leave();
    this.#arrivals.stop();
    this.#departures.stop();
    this.#rooms.stop();
    this.#peers.stop();
    for (const guest of [...this.#guests]) guest.end("the game server stops");
    for (const link of [...this.#links]) link.end("the game server stops");
    this.#direct?.stop();
    await this.#listener?.close();
    this.#options.journal.close();
  }

  get ready(): string {
    if (this.#rooms.isDraining) return "draining";
    return this.#rooms.isStalled ? "stalled" : "ok";
  }

  get waitsFor(): string {
    const { count, usersCount } = this.#rooms;
    return `${count} ${count === 1 ? "room" : "rooms"} with ${usersCount} ${usersCount === 1 ? "player" : "players"}`;
  }

  register(metrics: Metrics): void {
    const { membership, directory, peers, port, settings, watchdog, journal } = this.#options;
    if (port !== undefined) this.#counts.register(metrics, () => this.#direct?.all());
    if (membership !== undefined) {
      metrics.gauge("croupier_redis_up", () => Number(directory?.isReachable));
      metrics.gauge("croupier_fleet_up", () => Number(peers?.isUp));
    }
    metrics.totals("croupier_room_refusals_total", () => this.#refusals.counts);
    metrics.total("croupier_room_log_lines_dropped_total", () => this.#linesDropped + this.#rooms.linesDropped);
    metrics.total("croupier_link_refusals_total", () => this.#linkRefusals);
    metrics.gauge("croupier_rooms", () => this.#rooms.count);
    metrics.gauge("croupier_rooms_limit", () => settings.roomsMax);
    metrics.gauge("croupier_users", () => this.#rooms.usersCount);
    metrics.gauge("croupier_gates", () => this.#links.size);
    metrics.total("croupier_rooms_opened_total", () => this.#rooms.opened);
    metrics.gauge("croupier_rooms_unreadable", () => this.#rooms.unreadableCount);
    metrics.total("croupier_rooms_restored_total", () => this.#rooms.restored);
    metrics.total("croupier_rooms_taken_total", () => this.#rooms.taken);
    metrics.total("croupier_inputs_forgotten_total", () => this.#rooms.counts.inputsForgotten);
    metrics.total("croupier_sessions_outdated_total", () => this.#rooms.counts.sessionsOutdated);
    metrics.total("croupier_seats_given_up_total", () => this.#rooms.counts.seatsGivenUp);
    metrics.total("croupier_directory_conflicts_total", () => this.#rooms.conflicts);
    metrics.histogram(this.#moves);
    metrics.total("croupier_moves_back_total", () => this.#departures.movedBack);
    metrics.gauge("croupier_drain_stuck", () => Number(this.#drain.isStuck));
    metrics.gauge("croupier_journal_stalled", () => Number(this.#rooms.isStalled));
    metrics.gauge("croupier_journal_rooms_lost", () => journal.damage.rooms);
    metrics.gauge("croupier_journal_turns_lost", () => journal.damage.turns);
    metrics.histogram(this.#written.commits);
    metrics.total("croupier_journal_rooms_written_total", () => this.#written.rooms);
    metrics.total("croupier_journal_written_bytes_total", () => this.#written.bytes);
    metrics.histogram(watchdog.handlers);
    metrics.total("croupier_room_crashes_total", () => this.#rooms.counts.crashes);
  }

  addRoutes(server: FastifyInstance): void {
    const { settings, journal } = this.#options;
    addRoomRoutes(server, this.#rooms, this.#mover);
    addJournalRoutes(server, { settings, journal, rooms: this.#rooms, arrivals: this.#arrivals });
  }

  // Leaving (P6)

  get drainKind(): DrainKind {
    return this.#drain.kind;
  }

  get load(): Load {
    return { rooms: this.#rooms.count, players: this.#rooms.usersCount, sessions: this.#direct?.size ?? 0 };
  }

  isEmpty(): boolean {
    if (this.#rooms.isParked) return true;
    return this.#rooms.isEmpty && this.#sits.underWay === 0 && (this.#arrivals.count === 0 || this.#isSettled);
  }

  drain(): void {
    this.#drain.begin();
    this.#tellStatus();
    this.#options.membership?.changed();
  }

  undo(): boolean {
    if (!this.#drain.undo()) return false;
    this.#tellStatus();
    this.#options.membership?.changed();
    return true;
  }

  park(): boolean {
    return this.#drain.park();
  }

  dissolve(): void {
    this.#drain.dissolve();
    this.#departures.callOff();
    this.#rooms.dissolve();
    this.#settling ??= this.#options.clock.after(settleMsMax, () => this.#settlingOnEnd());
  }

  #onRefused(refused: Refused, log: Log, who: LogFields): void {
    this.#refusals.add(refused.refusal.code);
    this.#refusalLines.say(log, who["session.id"] ?? "", refused, who);
  }

  #settlingOnEnd(): void {
    this.#isSettled = true;
    this.#rooms.leaveOutgoing();
    this.#options.onChange();
  }

  /**
   * Others may soon take the rooms: gates hear that they are not here, and the process ends.
   * Its successor on this journal asks the directory before it plays them.
   */
  async #lapse(): Promise<void> {
    this.#options.log.error("lease lapse", { "event.reason": "no renewal for half of ABANDON_AFTER: others may take the rooms" });
    for (const { life } of this.#rooms.all()) for (const link of this.#links) link.tell({ case: "notMine", value: { life } });
    await this.stop();
    throw new Error("the lease could not be renewed for half of ABANDON_AFTER");
  }

  #acceptUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    const peer = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    this.#linkServer.handleUpgrade(request, stream, head, (socket) => this.accept(new WebSocketLink(socket, peer), limitGreeting(stream)));
    return true;
  }

  #makePlaceForGreeting(): void {
    const [oldest] = this.#greetings;
    if (oldest === undefined || this.#greetings.size < greetingsMax) return;
    this.#greetings.delete(oldest);
    oldest.cut();
  }

  /** A static fleet has one gate: two would each keep a directory of their own. */
  #refuseGate(gate: string): string | undefined {
    if (this.#kept === undefined) return undefined;
    for (const other of this.#links) {
      if (other.gate !== gate) return "this game server has a gate already: a second one needs REDIS_URL on both and on every game server";
      other.end("the gate has linked anew");
    }
    return undefined;
  }

  #linkOnRefused(peer: string, why: string): void {
    this.#linkRefusals += 1;
    const left = this.#linkLines.take(peer.replace(/:\d+$/, ""), this.#options.clock.now());
    if (left === undefined) this.#linesDropped += 1;
    else this.#options.log.warn("link refusal", { "server.address": peer, "event.reason": why, ...left });
  }

  #linkOnUp(link: GateLink, peer: string): void {
    this.#options.log.info("link up", { "server.address": peer, "link.peer": link.gate });
    this.#links.add(link);
    if (this.#rooms.isStalled) link.tellStalled(true);
    this.#keeper = link;
    this.#kept?.attach((say) => link.tell(say));
  }

  /** Another game server has rooms to give. */
  #peerOnUp(channel: LinkChannel<ToGateWriter>, journal: string): void {
    const guest = new PeerGuest(channel, {
      ...{ journal, arrivals: this.#arrivals, departures: this.#departures, committed: () => this.#rooms.committed() },
      onDown: () => this.#guests.delete(guest),
    });
    this.#guests.add(guest);
  }

  #linkOnDown(link: GateLink): void {
    this.#links.delete(link);
    if (link !== this.#keeper) return;
    this.#keeper = undefined;
    this.#kept?.detach();
  }

  #roomsOnChange(): void {
    this.#status ??= this.#options.clock.after(statusEveryMs, () => this.#tellStatus());
  }

  #roomsOnStalled(isStalled: boolean): void {
    this.#options.log[isStalled ? "error" : "info"](isStalled ? "journal full" : "journal heal");
    for (const link of this.#links) link.tellStalled(isStalled);
    this.#tellStatus();
    this.#options.onChange();
  }

  /** Gates hold their sessions; nothing is kept for direct clients. */
  #roomsOnParked(): void {
    this.#direct?.losePlaces(DisconnectReason.RETRY);
    this.#options.onChange();
  }

  #tellStatus(): void {
    this.#status?.cancel();
    this.#status = undefined;
    const value = this.#statusNow();
    for (const end of [...this.#links, ...this.#guests]) end.tell({ case: "status", value });
  }

  #statusNow() {
    const { count: rooms, usersCount: users, isDraining, isStalled, stage, free, lots, unreadableLots: unreadable } = this.#rooms;
    const takesNewRooms = !isDraining && !isStalled && rooms < this.#options.settings.roomsMax;
    return { rooms, users, takesNewRooms, free, stage, drain: this.#drain.isStuck ? "stuck" : this.#drain.kind, lots, unreadable };
  }
}

function nobodyToDial(): Promise<LinkSocket> {
  return Promise.reject(new Error("there are no other game servers"));
}
