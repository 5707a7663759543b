/**
 * The rooms of this game server and the road into them: which room a sit leads to, opening
 * one, and the claims that keep a name to one life and a user to one room in the fleet. A
 * sit that fails leaves nothing behind.
 *
 *     sit ──> a seat here already? ──yes──> come back to it
 *              │ no
 *              v
 *     find the room, or mint a life ──> claim name and user in the directory ──> open, sit down
 *              ^                              │
 *              └── the claim was void ────────┤ another server's: "elsewhere", the gate asks again
 */
import type { Claim, DirectoryForServers, Life } from "#fleet/directory.ts";
import type { Frame } from "#protocol/frame.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { disconnectFrame, printFrame } from "#protocol/system_frames.ts";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Game } from "./game.ts";
import { Matching } from "./matching.ts";
import { Room, type RoomHost, type Visitor } from "./room.ts";
import type { RoomValue } from "./room_value.ts";
import { Snowflake } from "./snowflake.ts";
import { Turn } from "./turn.ts";
import type { Watchdog } from "./watchdog.ts";

/** Void claims and lost races are retried so often, then the client is told to try again. */
const attemptsMax = 4;

/** How a sit ended when it was not refused. */
export type Sat =
  /** In this room; its outputs follow at the end of the turn. */
  | { readonly is: "seated"; readonly room: Room }
  /** Not seated, and this is the answer. */
  | { readonly is: "answered"; readonly frame: Frame }
  /** The directory names another server for the room or the user. */
  | { readonly is: "elsewhere" };

export interface RoomsOptions {
  clock: Clock;
  entropy: Entropy;
  log: Log;
  directory: DirectoryForServers;
  games: ReadonlyMap<string, Game<unknown>>;
  watchdog: Watchdog;
  /** This server's journal and boot: what the directory calls the owner. */
  owner: string;
  boot: number;
  development: boolean;
  seats: number;
  watchersMax: number;
  holdMs: number;
  roomsMax: number;
  onRefused(refused: Refused): void;
  /** Rooms, seats or users have changed. */
  onChange(): void;
  /** What rooms had to say in this turn is on its way. */
  onTurnEnd(): void;
}

/** Who owns a life of this server, and a value around which it can be opened. */
interface Minted {
  readonly life: Life;
  readonly game: Game<unknown>;
  readonly options: string;
}

export class Rooms implements RoomHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  readonly holdMs: number;
  readonly #options: RoomsOptions;
  readonly #turn: Turn;
  readonly #matching = new Matching();
  readonly #snowflake: Snowflake;
  readonly #byName = new Map<string, Room>();
  readonly #byLife = new Map<string, Room>();
  readonly #lives = new Map<Room, Life>();
  readonly #places = new Map<number, Room>();
  /** Sits of one user wait for each other, and so do openings of one name. */
  readonly #queues = new Map<string, Promise<unknown>>();
  #isDraining = false;
  crashes = 0;
  opened = 0;
  #sitting = 0;

  constructor(options: RoomsOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.development = options.development;
    this.watchersMax = options.watchersMax;
    this.holdMs = options.holdMs;
    this.#options = options;
    this.#turn = new Turn(options.clock, { onReleased: (room) => this.#matching.update(room), onEnd: () => options.onTurnEnd() });
    this.#snowflake = new Snowflake(Buffer.from(options.entropy(2)).readUInt16BE(), () => options.clock.wall());
  }

  get count(): number {
    return this.#byLife.size;
  }

  /** No rooms, no sits under way that may still open one, and nothing left to say. */
  get isEmpty(): boolean {
    return this.#byLife.size === 0 && this.#sitting === 0 && this.#turn.isOver;
  }

  get usersCount(): number {
    return this.#places.size;
  }

  get free() {
    return this.#matching.free;
  }

  all(): Iterable<Room> {
    return this.#byLife.values();
  }

  /** Every life here and who sits in it, for a directory that must be told again. */
  announcement() {
    return [...this.#lives].map(([room, life]) => ({ life, users: room.users }));
  }

  /** These lives lost their name to an older one: they end with Disconnect 0. */
  lose(lives: readonly string[]): void {
    for (const life of lives) this.#byLife.get(life)?.dissolve(DisconnectReason.RETRY);
  }

  /** From now on no room is opened, and rooms without players end. */
  drain(): void {
    this.#isDraining = true;
    for (const room of [...this.all()]) room.settleDrain();
  }

  undoDrain(): void {
    this.#isDraining = false;
  }

  /** Nothing is due any more: the process goes, and the rooms stay what they are. */
  stop(): void {
    for (const room of this.all()) room.stop();
  }

  /** Ends every room. */
  dissolve(): void {
    for (const room of [...this.all()]) room.dissolve();
  }

  /** @throws {Refused} */
  async sit(visitor: Visitor, request: SitRequest): Promise<Sat> {
    this.#sitting += 1;
    try {
      return await this.#queued(`user ${visitor.user}`, () => this.#sit(visitor, request));
    } finally {
      this.#sitting -= 1;
      this.#options.onChange();
    }
  }

  async #sit(visitor: Visitor, request: SitRequest): Promise<Sat> {
    if (request.print) return { is: "answered", frame: this.#printServerFor() };
    const place = this.#places.get(visitor.user);
    if (place !== undefined) return this.#seat(place, visitor, request);
    const game = this.#options.games.get(request.game);
    if (game === undefined) throw new Refused("unknownGame");
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const sat = await this.#trySit(visitor, game, request);
      if (sat !== "again") return sat;
    }
    throw new Refused("tryAgain", { detail: "the directory does not settle" });
  }

  async #trySit(visitor: Visitor, game: Game<unknown>, request: SitRequest): Promise<Sat | "again"> {
    const room = this.#find(request);
    if (room !== undefined) return this.#join(room, visitor, request);
    if (request.mode === "join") throw new Refused("noSuchRoom");
    const id = request.room ?? this.#snowflake.next();
    return this.#queued(`name ${nameOf(game.name, id)}`, () => this.#open(game, id, visitor, request));
  }

  /** The room a sit asks for, if it is here. */
  #find({ game, room, mode, options, watch }: SitRequest): Room | undefined {
    if (room === undefined) return mode === "create" ? undefined : this.#match(game, options, watch);
    const found = this.#byName.get(nameOf(game, room));
    if (found !== undefined && mode === "create") throw new Refused("notAllowed", { detail: "the room exists" });
    return found;
  }

  #match(game: string, options: string, watch: boolean): Room | undefined {
    if (watch)
      return [...this.all()].find((room) => room.game === game && room.options === options && !room.isPrivate && room.hasRoomFor(-1, true));
    for (;;) {
      const room = this.#matching.find(game, options);
      if (room === undefined || (room.freeSeats > 0 && !room.isOver)) return room;
      this.#matching.update(room);
    }
  }

  async #join(room: Room, visitor: Visitor, request: SitRequest): Promise<Sat | "again"> {
    if (!room.hasRoomFor(request.seat, request.watch)) throw new Refused("roomFull");
    const life = this.#lives.get(room);
    if (life === undefined) return "again";
    const claim = await this.#options.directory.claim(life, visitor.user);
    if (claim.is !== "claimed") return this.#unclaimed(claim, visitor.user);
    if (room.isOver) return { is: "answered", frame: disconnectFrame(DisconnectReason.RETRY) };
    return this.#seat(room, visitor, request);
  }

  async #open(game: Game<unknown>, id: string, visitor: Visitor, request: SitRequest): Promise<Sat | "again"> {
    if (this.#byName.has(nameOf(game.name, id))) return "again"; // opened while this sit waited its turn
    if (this.#isDraining) throw new Refused("draining");
    if (this.count >= this.#options.roomsMax) throw new Refused("limit", { detail: "this game server has all the rooms it may have" });
    const minted = this.#mint(game, id, request.options);
    const claim = await this.#options.directory.claim(minted.life, visitor.user);
    if (claim.is !== "claimed") return this.#unclaimed(claim, visitor.user);
    return this.#seat(this.#openMinted(minted), visitor, request);
  }

  /**
   * The directory has another life for the name or the user. One of ours that is no more is
   * void: it is taken out and the sit starts again.
   */
  #unclaimed(claim: Exclude<Claim, { is: "claimed" }>, user: number): Sat | "again" {
    const { holder } = claim;
    const isVoid = holder.owner === this.#options.owner && (claim.is === "user elsewhere" || !this.#byLife.has(holder.life));
    if (!isVoid) return { is: "elsewhere" };
    if (claim.is === "user elsewhere") this.#options.directory.release(holder.life, user);
    else this.#options.directory.end(holder);
    return "again";
  }

  #mint(game: Game<unknown>, room: string, options: string): Minted {
    const { entropy, owner, boot, clock } = this.#options;
    return { game, options, life: { game: game.name, room, life: hex64(entropy), owner, boot, epoch: 1, openedAtMs: clock.wall() } };
  }

  #openMinted({ game, options, life }: Minted): Room {
    const value: RoomValue = {
      ...{ game: game.name, version: game.version, room: life.room, life: life.life, epoch: life.epoch, options },
      playing: game.seats ?? this.#options.seats,
      openedAtMs: life.openedAtMs,
      random: { key: Buffer.from(this.#options.entropy(16)).toString("hex"), drawn: 0 },
      timers: {},
      seats: [],
      state: undefined,
    };
    try {
      const room = Room.open(value, game, this);
      this.#byName.set(nameOf(game.name, life.room), room);
      this.#byLife.set(life.life, room);
      this.#lives.set(room, life);
      this.opened += 1;
      return room;
    } catch (cause) {
      this.#options.directory.end(life);
      this.log.error("room crash", { "game.name": game.name, "room.id": life.room, "event.reason": "open", err: cause });
      this.crashed();
      throw new Refused("fail", { detail: "the game could not open the room", cause });
    }
  }

  #seat(room: Room, visitor: Visitor, { seat, watch }: SitRequest): Sat {
    if (!this.#places.has(visitor.user) && !room.hasRoomFor(seat, watch)) {
      this.#options.directory.release(room.life, visitor.user);
      throw new Refused("roomFull");
    }
    this.#places.set(visitor.user, room);
    room.arrive(visitor, seat, watch);
    this.#matching.update(room);
    return { is: "seated", room };
  }

  #printServerFor(): Frame {
    if (!this.development) throw new Refused("notAllowed", { detail: "Print is for development" });
    return printFrame(this.printServer());
  }

  /** Runs `act` when everything queued under `key` before it is done. */
  async #queued<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(key);
    const mine = before === undefined ? act() : before.then(act, act);
    this.#queues.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(key) === mine) this.#queues.delete(key);
    }
  }

  // RoomHost: what rooms ask and tell.

  get isDraining(): boolean {
    return this.#isDraining;
  }

  watch(room: Room, handler: string, act: () => void): void {
    this.#options.watchdog.watch(room.log, `${room.game}/${room.id} ${handler}`, act);
  }

  touched(room: Room): void {
    this.#turn.touch(room);
  }

  refused(refused: Refused): void {
    this.#options.onRefused(refused);
  }

  crashed(): void {
    this.crashes += 1;
  }

  left(room: Room, user: number): void {
    if (this.#places.get(user) === room) this.#places.delete(user);
    this.#options.directory.release(room.life, user);
    this.#options.onChange();
  }

  over(room: Room): void {
    const life = this.#lives.get(room);
    if (life === undefined) return;
    this.#lives.delete(room);
    this.#byLife.delete(room.life);
    this.#byName.delete(nameOf(room.game, room.id));
    this.#options.directory.end(life);
    this.#options.onChange();
  }

  printServer(): string {
    const rooms = [...this.all()].map((room) => `${room.game} room ${room.id}: users ${room.users.join(", ") || "none"}`);
    return [`${this.count} rooms, ${this.usersCount} users`, ...rooms].join("\n");
  }
}

function nameOf(game: string, room: string): string {
  return `${game}/${room}`;
}
