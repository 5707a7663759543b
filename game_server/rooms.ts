/**
 * The rooms of this game server: finds them, opens them, knows who sits where, and is the
 * host that each of them asks and tells. How a sit gets here is sits.ts's business.
 */
import type { Announcement, DirectoryForServers, Life } from "#fleet/directory.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { anySeat, type SitRequest } from "#protocol/sit_down.ts";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Game } from "./game.ts";
import { type FreeSeats, Matching } from "./matching.ts";
import { Room, type RoomHost, type Visitor } from "./room.ts";
import { Snowflake } from "./snowflake.ts";
import { Turn } from "./turn.ts";
import type { Watchdog } from "./watchdog.ts";

/** Bytes of a room's secret for random numbers. */
const randomKeyBytes = 16;

export interface RoomsOptions {
  clock: Clock;
  entropy: Entropy;
  log: Log;
  directory: DirectoryForServers;
  watchdog: Watchdog;
  /** This server's journal and boot: what the directory calls the owner. */
  owner: string;
  boot: number;
  development: boolean;
  /** Playing seats of games that do not say. */
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

export class Rooms implements RoomHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  readonly holdMs: number;
  opened = 0;
  crashes = 0;
  readonly #options: RoomsOptions;
  readonly #turn: Turn;
  readonly #matching = new Matching();
  readonly #snowflake: Snowflake;
  readonly #byName = new Map<string, Room>();
  readonly #byLife = new Map<string, Room>();
  readonly #places = new Map<number, Room>();
  #stage: "serving" | "draining" = "serving";

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

  get usersCount(): number {
    return this.#places.size;
  }

  /** No rooms, and nothing left to say. */
  get isEmpty(): boolean {
    return this.#byLife.size === 0 && this.#turn.isOver;
  }

  /** Free seats that matching may give away. */
  get free(): FreeSeats[] {
    return this.#matching.free;
  }

  all(): Iterable<Room> {
    return this.#byLife.values();
  }

  named(game: string, id: string): Room | undefined {
    return this.#byName.get(nameOf(game, id));
  }

  alive(life: string): Room | undefined {
    return this.#byLife.get(life);
  }

  /** The room in which `user` has a seat. */
  placeOf(user: number): Room | undefined {
    return this.#places.get(user);
  }

  owns(life: Life): boolean {
    return life.owner === this.#options.owner;
  }

  /** An open room for a match: one with a free seat, or to watch any that has room for a watcher. */
  match(game: string, options: string, watch: boolean): Room | undefined {
    if (!watch) return this.#matching.find(game, options);
    const watchable = (room: Room): boolean =>
      room.game === game && room.options === options && !room.isPrivate && room.hasRoomFor(anySeat, true);
    return this.#byLife.values().find(watchable);
  }

  /** Every life here and who sits in it, for a directory that must be told again. */
  announcement(): Announcement {
    return [...this.all()].map((room) => ({ life: room.ownership, users: room.users }));
  }

  newId(): string {
    return this.#snowflake.next();
  }

  /** @throws {Refused} when no room may be opened now. */
  refuseWhenClosed(): void {
    if (this.isDraining) throw new Refused("draining");
    if (this.count >= this.#options.roomsMax) throw new Refused("limit", { detail: "this game server has all the rooms it may have" });
  }

  /** A life that may be opened once the directory has given it its name. */
  mint(game: Game<unknown>, room: string): Life {
    const { entropy, owner, boot, clock } = this.#options;
    return { game: game.name, room, life: hex64(entropy), owner, boot, epoch: 1, openedAtMs: clock.wall() };
  }

  /** @throws {Refused} `fail` when the game could not. */
  open(life: Life, game: Game<unknown>, options: string): Room {
    try {
      const playing = game.seats ?? this.#options.seats;
      const random = { key: Buffer.from(this.#options.entropy(randomKeyBytes)).toString("hex"), drawn: 0 };
      const room = Room.open(
        { ...life, version: game.version, playing, options, random, timers: {}, seats: [], state: undefined },
        game,
        this,
      );
      this.#byName.set(nameOf(room.game, room.id), room);
      this.#byLife.set(life.life, room);
      this.opened += 1;
      return room;
    } catch (cause) {
      this.log.error("room crash", { "game.name": game.name, "room.id": life.room, "event.reason": "open", err: cause });
      this.crashed();
      throw new Refused("fail", { detail: "the game could not open the room", cause });
    }
  }

  /** @throws {Refused} `roomFull` */
  seat(room: Room, visitor: Visitor, { seat, watch }: SitRequest): void {
    if (!this.#places.has(visitor.user) && !room.hasRoomFor(seat, watch)) throw new Refused("roomFull");
    this.#places.set(visitor.user, room);
    room.arrive(visitor, seat, watch);
    this.#matching.update(room);
  }

  /** These lives lost their name to an older one: they end with Disconnect 0. */
  lose(lives: readonly string[]): void {
    for (const life of lives) this.#byLife.get(life)?.dissolve(DisconnectReason.RETRY);
  }

  /** From now on no room is opened, and rooms without players end. */
  drain(): void {
    this.#stage = "draining";
    for (const room of [...this.all()]) room.settleDrain();
  }

  undoDrain(): void {
    this.#stage = "serving";
  }

  /** Ends every room. */
  dissolve(): void {
    for (const room of [...this.all()]) room.dissolve();
  }

  /** Nothing is due any more: the process goes, and the rooms stay what they are. */
  stop(): void {
    for (const room of this.all()) room.stop();
  }

  // RoomHost: what rooms ask and tell.

  get isDraining(): boolean {
    return this.#stage === "draining";
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
    this.#options.directory.release(room.ownership.life, user);
    this.#options.onChange();
  }

  over(room: Room): void {
    this.#byLife.delete(room.ownership.life);
    this.#byName.delete(nameOf(room.game, room.id));
    this.#options.directory.end(room.ownership);
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
