/**
 * The rooms of this game server: finds them, opens them, goes on with them after a restart,
 * knows who sits where, and is the host that each of them asks and tells. How a sit gets
 * here is sits.ts's business.
 */
import { conflictReasons, logConflicts } from "#fleet/conflicts.ts";
import type { Announcement, DirectoryForServers, Life, Unsettled } from "#fleet/directory.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { anySeat, type SitRequest } from "#protocol/sit_down.ts";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { roomFields } from "#runtime/log_fields.ts";
import { comingPaces, LogLimit } from "#runtime/log_limit.ts";
import { Tally } from "#runtime/metrics.ts";
import type { Game } from "./game.ts";
import type { Journal } from "./journal.ts";
import { type FreeSeats, Matching } from "./matching.ts";
import { Names, nameOf } from "./names.ts";
import { emptyOutbox } from "./outbox.ts";
import { Places } from "./places.ts";
import { type Entered, Room, type RoomHost, type Visitor } from "./room.ts";
import { RoomCounts } from "./room_counts.ts";
import { readRoom, readRoomText, readStored } from "./room_reading.ts";
import { type GoneNote, isGone, ownershipOf, type RoomValue, type StoredValue } from "./room_value.ts";
import { Snowflake } from "./snowflake.ts";
import { Turn } from "./turn.ts";
import type { Watchdog } from "./watchdog.ts";

/** Bytes of a room's secret for random numbers. */
const randomKeyBytes = 16;
/** The server's clock is written down this often while there are rooms: a restart takes no more from a timer. */
const clockEveryMs = 1000;
/** So long a life that was here is remembered: longer than any server is down that still has an offer open. */
const goneMs = 24 * 3_600_000;
/** More are not remembered; the oldest go first. */
const goneMax = 100_000;

export interface RoomsOptions {
  /** The server's own clock. */
  clock: Clock;
  entropy: Entropy;
  log: Log;
  directory: DirectoryForServers;
  journal: Journal;
  games: ReadonlyMap<string, Game<unknown>>;
  watchdog: Watchdog;
  development: boolean;
  /** Playing seats of games that do not say. */
  seats: number;
  watchersMax: number;
  holdMs: number;
  roomsMax: number;
  onRefused(refused: Refused, log: Log, who: LogFields): void;
  /** Rooms, seats or users have changed. */
  onChange(): void;
  /** What rooms had to say in this turn is on its way. */
  onTurnEnd(): void;
  /** Whether the rooms are still this server's to play, asked before each turn. */
  mayPlay(): boolean;
  /** They are not: they stay in the journal as they were. */
  onLapsed(): void;
  /** The journal has no space, or has some again. */
  onStalled(isStalled: boolean): void;
  /** Every room is frozen: nothing is applied, written or said any more. */
  onParked(): void;
  /** Nothing of the life is left. */
  onDone(life: string): void;
}

/** What a directory has for others, of what is here. */
interface LostHere {
  readonly lives: readonly string[];
  readonly users: readonly { readonly life: string; readonly user: number }[];
  /** At this epoch they were ours. */
  readonly moved: readonly { readonly life: string; readonly epoch: number }[];
}

/** The rooms of one game whose states have one version. */
interface Lot {
  readonly game: string;
  readonly version: number;
  readonly rooms: number;
  readonly users: number;
}

/** What becomes of a user of a room that is here now. */
type Place = (user: number, room: Room) => void;

/** `parking`: until the end of this turn, which is written down and said as any other. */
type Stage = "serving" | "draining" | "dissolving" | "parking" | "parked";

export class Rooms implements RoomHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  readonly holdMs: number;
  opened = 0;
  readonly counts = new RoomCounts();
  /** Lines of the log that were left out, since users came and went too often. */
  linesDropped = 0;
  readonly #comings = new LogLimit(comingPaces);
  restored = 0;
  /** Rooms that other servers have given to this one. */
  taken = 0;
  /** Lives that lost their name, and users who sat in two. */
  conflicts = 0;
  readonly #options: RoomsOptions;
  readonly #turn: Turn;
  readonly #matching = new Matching();
  readonly #snowflake: Snowflake;
  /** Rooms in play, by name and by life. */
  readonly #names = new Names<Room>();
  readonly #byLife = new Map<string, Room>();
  /** Rooms that are over, until every gate has their last words. */
  readonly #over = new Map<string, Room>();
  /** Rooms that this release cannot read: they wait for one that can, and keep their names. */
  readonly #unreadable = new Map<string, RoomValue>();
  /** What the journal has that could be no room of any release. */
  #noRooms = 0;
  /** Lives that were here, for a day. */
  readonly #gone = new Map<string, GoneNote>();
  readonly #places = new Places();
  /** Rooms in play, by game. */
  readonly #counts = new Tally<string>();
  readonly #clockWriter: { cancel(): void };
  #stage: Stage = "serving";

  constructor(options: RoomsOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.development = options.development;
    this.watchersMax = options.watchersMax;
    this.holdMs = options.holdMs;
    this.#options = options;
    this.#turn = new Turn({
      ...options,
      mayPlay: () => this.count === 0 || options.mayPlay(),
      onReleased: (room) => this.#matching.update(room),
      onEnd: () => this.#turnOnEnd(),
      onStalled: (isStalled) => this.#turnOnStalled(isStalled),
    });
    this.#snowflake = new Snowflake(Buffer.from(options.entropy(2)).readUInt16BE(), () => options.clock.wall());
    this.#clockWriter = options.clock.every(clockEveryMs, () => this.count > 0 && this.#turn.tick());
  }

  get count(): number {
    return this.#byLife.size;
  }

  get usersCount(): number {
    return this.#places.count;
  }

  get unreadableCount(): number {
    return this.#unreadable.size + this.#noRooms;
  }

  /** Lives that are over here, and have something to say yet. */
  get overCount(): number {
    return this.#over.size;
  }

  /** Lives that were here, as far back as they are remembered. */
  get goneCount(): number {
    return this.#gone.size;
  }

  get isParked(): boolean {
    return this.#stage === "parked";
  }

  /** As gates and operators know it: rooms that are parked leave with the drain. */
  get stage(): "serving" | "draining" | "dissolving" {
    return this.#stage === "parking" || this.#stage === "parked" ? "draining" : this.#stage;
  }

  /**
   * No rooms in play, and nothing left to say to a gate that listens; or all of it is a
   * successor's. Without space nothing can be said.
   */
  get isEmpty(): boolean {
    if (this.isParked) return true;
    const isSaid = this.#turn.isOver && !this.#over.values().some((room) => room.isBeingHeard);
    return this.#byLife.size === 0 && (isSaid || this.isStalled);
  }

  /** The rooms in play: what is played here this release has brought up to its own version. */
  get lots(): Lot[] {
    const lots = [...this.#options.games.values()].map(({ name: game, version }) => {
      return { game, version, rooms: this.#counts.of(game), users: this.#places.countOf(game) };
    });
    return lots.filter(({ rooms }) => rooms > 0);
  }

  /** Rooms that wait for a release that can read them. */
  get unreadableLots(): Lot[] {
    const byKind = Map.groupBy(this.#unreadable.values(), ({ game, version }) => `${game} ${version}`);
    return [...byKind.values()].flatMap(([first, ...more]) => {
      if (first === undefined) return [];
      const { game, version } = first;
      const users = [first, ...more].reduce((sum, { seats }) => sum + seats.length, 0);
      return [{ game, version, rooms: 1 + more.length, users }];
    });
  }

  /** Free seats that matching may give away. */
  get free(): FreeSeats[] {
    return this.#matching.free;
  }

  all(): Iterable<Room> {
    return this.#byLife.values();
  }

  named(game: string, id: string): Room | undefined {
    return this.#names.get(game, id);
  }

  alive(life: string): Room | undefined {
    return this.#byLife.get(life);
  }

  /** A room in play, or one that is over and still has something to say. */
  known(life: string): Room | undefined {
    return this.#byLife.get(life) ?? this.#over.get(life);
  }

  /** The room in which `user` has a seat. */
  placeOf(user: number): Room | undefined {
    return this.#places.of(user);
  }

  owns(life: Life): boolean {
    return life.owner === this.#options.journal.id;
  }

  /** An open room for a match: one with a free seat, or to watch any that has room for a watcher. */
  match(game: string, options: string, watch: boolean): Room | undefined {
    if (!watch) return this.#matching.find(game, options);
    const watchable = (room: Room): boolean =>
      room.isPlayed && room.game === game && room.options === options && !room.isPrivate && room.hasRoomFor(anySeat, true);
    return this.#byLife.values().find(watchable);
  }

  /**
   * Every life here and who sits in it, for a directory that must be told again. One that is outgoing too: a directory that
   * has forgotten must not give its name away, and to one that knows more this says nothing.
   */
  announcement(): Announcement {
    const unreadable = [...this.#unreadable.values()].map((value) => ({ life: ownershipOf(value), users: [] }));
    return [...[...this.all()].map((room) => ({ life: room.ownership, users: room.users })), ...unreadable];
  }

  /** Lives that the directory may name us as the owner of, and that are not ours to end: on their way, or gone. */
  *unsettled(): Iterable<Unsettled> {
    for (const { life, isOutgoing } of this.all()) if (isOutgoing) yield { life, owner: "", epoch: 0 };
    for (const { life, to: owner, epoch } of this.#gone.values()) if (owner !== "") yield { life, owner, epoch };
  }

  /** How much of it there is. */
  get owned(): { lives: number; users: number } {
    return { lives: this.count + this.#unreadable.size, users: this.usersCount };
  }

  newId(): string {
    return this.#snowflake.next();
  }

  /** @throws {Refused} when the name is that of a room that this release cannot read. */
  refuseUnreadable(game: string, room: string): void {
    if (this.#unreadable.has(nameOf(game, room)))
      throw new Refused("tryAgain", { detail: "the room waits for a release that can read it" });
  }

  /** @throws {Refused} when no room may be opened now. */
  refuseToOpen(): void {
    if (this.isDraining) throw new Refused("draining");
    if (this.count >= this.#options.roomsMax) throw new Refused("limit", { detail: "this game server has all the rooms it may have" });
  }

  /** A life that may be opened once the directory has given it its name. */
  mint(game: Game<unknown>, room: string): Life {
    const { entropy, journal, clock } = this.#options;
    return { game: game.name, room, life: hex64(entropy), owner: journal.id, boot: journal.boot, epoch: 1, openedAtMs: clock.wall() };
  }

  /** @throws {Refused} `fail` when the game could not. */
  open(life: Life, game: Game<unknown>, options: string): Room {
    try {
      const random = { key: Buffer.from(this.#options.entropy(randomKeyBytes)).toString("hex"), drawn: 0 };
      const value: RoomValue = {
        ...{ ...life, offer: "", version: game.version, playing: game.seats ?? this.#options.seats, options, random },
        ...{ timers: {}, seats: [], outbox: emptyOutbox(), lostGates: {}, isOver: false, state: undefined },
      };
      const room = Room.open(value, game, this);
      this.#add(room);
      this.opened += 1;
      return room;
    } catch (cause) {
      this.log.error("room crash", { ...roomFields(life), "event.reason": "open", err: cause });
      this.counts.crashes += 1;
      throw new Refused("fail", { detail: "the game could not open the room", cause });
    }
  }

  /**
   * Goes on with everything the journal has. A room that this release cannot read is left
   * untouched for the one that can. Gives what was offered to us and may turn out to be ours.
   */
  restore(): RoomValue[] {
    const offered: RoomValue[] = [];
    for (const { life, value: json } of this.#options.journal.load()) {
      const value = this.#readStored(life, json);
      if (value === undefined) this.#noRooms += 1;
      else if (isGone(value)) this.#gone.set(life, value);
      else if (value.passage?.is === "incoming") offered.push(value);
      else this.#restore(life, value);
    }
    this.restored = this.#byLife.size + this.#over.size;
    for (const room of this.all()) room.log.info("room restore", { users: room.users.length });
    return offered;
  }

  /** Undefined: it is nothing that could be a room. It stays where it is, and keeps no name. */
  #readStored(life: string, json: string): StoredValue | undefined {
    try {
      const value = readStored(life, json);
      return isGone(value) || value.passage?.is !== "incoming" ? value : readRoom(value);
    } catch (err) {
      this.log.error("room unreadable", { "room.life": life, "event.reason": String(err) });
      return undefined;
    }
  }

  /** @throws {Refused} `roomFull` */
  seat(room: Room, visitor: Visitor, { seat, watch }: SitRequest): Entered {
    if (!this.#places.has(visitor.user) && !room.hasRoomFor(seat, watch)) throw new Refused("roomFull");
    this.#places.set(visitor.user, room);
    const entered = room.arrive(visitor, seat, watch);
    this.#matching.update(room);
    this.#options.onChange();
    return entered;
  }

  /**
   * The rooms of a game go on by other rules of its name, from a snapshot of each, all of them or none, between two
   * inputs: an owner, a seat, a timer or a socket has nothing to do with it. For development. Gives how many they are.
   * @throws with the reason why a room cannot go on: it stays as it is, and so do the others.
   */
  swap(game: Game<unknown>): number {
    const rooms = [...this.all()].filter((room) => room.game === game.name);
    const values = rooms.map((room) => [room, this.#restoredBy(game, room)] as const);
    for (const [room, value] of values) room.playBy(game, value);
    return rooms.length;
  }

  /** Rooms of a game that have waited for rules that can read them. What was outgoing may be its taker's: that is for the next start to ask. */
  readAgain(game: string): void {
    for (const [name, value] of [...this.#unreadable].filter(([, waiting]) => waiting.game === game && waiting.passage === undefined)) {
      this.#unreadable.delete(name);
      this.#restore(value.life, value, (user, room) => this.#place(user, room)); // who waited for it may sit elsewhere by now
    }
  }

  /** What a restart by these rules would make of a room. */
  #restoredBy(game: Game<unknown>, { id, isPlayed, value: played }: Room): RoomValue {
    try {
      if (!isPlayed) throw new Error("it is being given away");
      const value = readRoomText(JSON.stringify(played));
      readableBy(new Map([[game.name, game]]), value);
      Room.rehearse(value, game, this);
      JSON.stringify(value); // what an upgrade has made is plain data, too
      return value;
    } catch (cause) {
      throw new Error(`${game.name}/${id} cannot go on: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }

  // Changes of owner.

  /** Why an offered room cannot be taken, when so many others are offered too; undefined: it can, if it can be read. */
  refuseToTake(value: RoomValue, others: number): string | undefined {
    if (this.isDraining) return "it is draining itself";
    if (this.isStalled) return "its journal has no space";
    if (this.count + others >= this.#options.roomsMax) return "it has all the rooms it may have";
    const { game, room, life } = value;
    const isHere = this.known(life) !== undefined || this.#names.has(game, room) || this.#unreadable.has(nameOf(game, room));
    return isHere ? "it has that room" : undefined;
  }

  /** Why this release cannot go on with a room; undefined: it can. */
  refuseToRead(value: RoomValue): string | undefined {
    try {
      readableBy(this.#options.games, structuredClone(value));
      return undefined;
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  }

  /** Goes on with a room that another server has given us. One that cannot be read any more waits, as after a restart. */
  take(value: RoomValue): void {
    this.#gone.delete(value.life);
    const { id: owner, boot } = this.#options.journal;
    const ours = { ...value, owner, boot: boot - 1 };
    this.#restore(value.life, structuredClone(ours), (user, room) => this.#place(user, room)); // if it must wait, then as it came
    const room = this.known(value.life);
    room?.log.info("room arrive", { users: room.users.length, "link.peer": value.owner });
    this.taken += 1;
    if (room === undefined) this.#turn.note(value.life, ours);
    else this.#turn.touch(room);
    this.#turn.sync();
    if (this.isDraining) room?.settleDrain();
    this.#options.onChange();
  }

  /** The room is another server's from now on; `to` is "" when that has happened behind our back. */
  give(room: Room, offer: string, to: string): void {
    const { life, users } = room;
    this.#remove(room);
    for (const user of users) this.#places.leave(user, room);
    room.stop();
    this.#matching.update(room);
    this.#turn.forget(room);
    this.#leaveNote({ ...noteOf(room, this.clock.now()), epoch: room.ownership.epoch + 1, to, left: offer });
    this.#turn.afterCommit(() => room.leaveTo(to, room.ownership.epoch + 1));
    this.#options.onDone(life);
    this.#options.onChange();
  }

  /** Whether the life came here by this offer, as far as that is remembered: it may have left, and come again by another one. */
  hasCome(life: string, offer: string): boolean {
    return this.known(life)?.value.offer === offer || this.#gone.get(life)?.came === offer;
  }

  /** The last epoch at which the life was played here; 0: it never was. */
  lastEpochOf(life: string): number {
    const room = this.known(life);
    if (room !== undefined) return room.ownership.epoch;
    const { came = "", left = "", epoch = 0 } = this.#gone.get(life) ?? {};
    if (left !== "") return epoch - 1;
    return came === "" ? 0 : epoch;
  }

  /** Whether nobody can say here what became of this offer: its room waits for a release that can read it. */
  mayHaveLeft(life: string, offer: string): boolean {
    return this.#unreadable.values().some(({ life: other, passage }) => other === life && passage?.offer === offer);
  }

  /** Whether the life left here by this offer. */
  hasLeft(life: string, offer: string): boolean {
    return this.#gone.get(life)?.left === offer;
  }

  /** Where a life that was here has gone. */
  gone(life: string): GoneNote | undefined {
    return this.#gone.get(life);
  }

  /** Writes down, on the disk itself, what is known of a life that is not played here; undefined: nothing. */
  note(life: string, value: StoredValue | undefined): void {
    this.#turn.note(life, value);
  }

  /** This turn is on the disk itself before anything of it leaves. */
  sync(): void {
    this.#turn.sync();
  }

  /** Resolves when this turn is written. */
  committed(): Promise<void> {
    return new Promise((resolve) => this.#turn.afterCommit(resolve));
  }

  /** An offer is taken back: whose the life is, "" for nobody's, and at which epoch. */
  giveBack({ game, room, life, epoch }: Life, to: string): void {
    this.#leaveNote({ is: "gone", game, room, life, epoch, to, came: "", left: "", atMs: this.clock.now() });
  }

  #leaveNote(note: GoneNote): void {
    this.#gone.delete(note.life);
    this.#gone.set(note.life, note);
    this.#turn.note(note.life, note);
    this.#forgetGone();
  }

  #forgetGone(): void {
    const untilMs = this.clock.now() - goneMs;
    for (const [life, { atMs }] of this.#gone) {
      if (atMs > untilMs && this.#gone.size <= goneMax) return;
      this.#gone.delete(life);
      this.#turn.note(life, undefined);
    }
  }

  /**
   * Lives that lost their name to another one, and users who sit elsewhere too: they end with Disconnect 0. Lives that
   * another server has moved on with: they stop here without a word, and gates look for it.
   */
  lose({ lives, users, moved }: LostHere): void {
    this.conflicts += lives.length + users.length + moved.length;
    for (const life of lives) this.#loseLife(life);
    for (const { life, user } of users) this.#loseUser(life, user);
    for (const { life, epoch } of moved) {
      const room = this.#byLife.get(life);
      const isAsTold = room?.ownership.epoch === epoch && !room.isOutgoing; // it may have been taken back since, at a higher epoch
      if (room === undefined || !isAsTold) continue;
      room.log.warn("claim lost", { "event.reason": conflictReasons.moved });
      this.give(room, "", "");
    }
    this.#loseUnreadable(new Set([...lives, ...moved.map(({ life }) => life)]));
  }

  #loseLife(life: string): void {
    const room = this.#byLife.get(life);
    room?.log.warn("claim lost", { "event.reason": conflictReasons.lives });
    room?.dissolve(conflictReasons.lives, DisconnectReason.RETRY);
  }

  #loseUser(life: string, user: number): void {
    const room = this.#byLife.get(life);
    room?.log.warn("claim lost", { "user.id": user, "event.reason": conflictReasons.users });
    room?.sendOut(user);
  }

  /** What nobody here can play, and others have: an offer by which it may have left counts as taken. */
  #loseUnreadable(lives: ReadonlySet<string>): void {
    for (const [name, value] of this.#unreadable) {
      if (!lives.has(value.life)) continue;
      this.#unreadable.delete(name);
      this.#leaveNote({ ...noteOf({ value }, this.clock.wall()), to: "", left: value.passage?.offer ?? "" });
    }
  }

  /** Runs when this turn is committed, ahead of what the rooms have to say. */
  whenCommitted(act: () => void): void {
    this.#turn.afterCommit(act);
  }

  /** From now on no room is opened, and rooms without players end. */
  drain(): void {
    this.#stage = "draining";
    for (const room of [...this.all()]) room.settleDrain();
  }

  undoDrain(): void {
    this.#stage = "serving";
  }

  /**
   * Freezes every room into the journal for this server's successor: this turn is written
   * down and said, and then nothing happens here any more. Not to be taken back.
   */
  park(): void {
    this.#stage = "parking";
    this.log.info("park all", { rooms: this.count, users: this.usersCount });
    if (this.isStalled) this.#freeze();
    else this.#turn.afterCommit(() => {}); // so that there is a turn, which notes the server's clock
  }

  /** Ends every room that is still played; those that are parked stay. */
  dissolve(): void {
    if (this.#stage === "parking" || this.isParked) return;
    this.#stage = "dissolving";
    for (const room of [...this.all()]) room.dissolve("every room ends");
  }

  /** Rooms that may be other servers' stay in the journal as they are: the next start asks again. */
  leaveOutgoing(): void {
    for (const room of [...this.all()].filter(({ isOutgoing }) => isOutgoing)) {
      room.stop();
      this.#remove(room);
    }
  }

  /** Nothing is due any more: the process goes, and the rooms stay what they are. */
  stop(): void {
    this.#clockWriter.cancel();
    this.#turn.stop();
    for (const room of [...this.all(), ...this.#over.values()]) room.stop();
  }

  // RoomHost: what rooms ask and tell.

  get isDraining(): boolean {
    return this.#stage !== "serving";
  }

  get isDissolving(): boolean {
    return this.#stage === "dissolving";
  }

  get isStalled(): boolean {
    return this.#turn.isStalled;
  }

  watch(room: Room, handler: string, act: () => void): void {
    this.#options.watchdog.watch(room.log, `${room.game}/${room.id} ${handler}`, act);
  }

  touched(room: Room): void {
    this.#turn.touch(room);
  }

  refused(refused: Refused, log: Log, who: LogFields): void {
    this.#options.onRefused(refused, log, who);
  }

  logComing(log: Log, event: "sit" | "come back" | "stand" | "drop", user: number, who: LogFields): void {
    const left = this.#comings.take(user, this.#options.clock.now());
    if (left === undefined) this.linesDropped += 1;
    else log.info(event, { ...who, ...left });
  }

  left(room: Room, user: number): void {
    this.#places.leave(user, room);
    this.#turn.afterCommit(() => {
      if (this.#places.of(user) !== room) this.#options.directory.release(room.life, user); // unless he is back already
    });
    this.#options.onChange();
  }

  over(room: Room): void {
    this.#remove(room);
    this.#turn.afterCommit(() => this.#options.directory.end(room.ownership));
    if (room.isDone) this.done(room);
    else this.#over.set(room.life, room);
    this.#options.onChange();
  }

  done(room: Room): void {
    this.#over.delete(room.life);
    this.#turn.touch(room);
    if (room.value.offer !== "" && !this.#gone.has(room.life)) this.#leaveNote({ ...noteOf(room, this.clock.now()), to: "", left: "" });
    this.#turn.afterCommit(() => this.#options.onDone(room.life));
  }

  printServer(): string {
    const rooms = [...this.all()].map((room) => `${room.game} room ${room.id}: users ${room.users.join(", ") || "none"}`);
    return [`${this.count} rooms, ${this.usersCount} users`, ...rooms].join("\n");
  }

  #turnOnEnd(): void {
    if (this.#stage === "parking") this.#freeze();
    this.#options.onTurnEnd();
  }

  #turnOnStalled(isStalled: boolean): void {
    if (this.#stage === "parking") this.#freeze();
    else this.#options.onStalled(isStalled);
  }

  /** What a journal without space did not take was not said either: gates still have it for the successor. */
  #freeze(): void {
    this.#stage = "parked";
    for (const room of this.all()) room.log.info("room park", { users: room.users.length });
    this.stop();
    this.#options.onParked();
  }

  /** `place` says what becomes of a user who sits here already; at the start the directory decides when it is told. */
  #restore(life: string, value: RoomValue, place: Place = (user, room) => this.#places.set(user, room)): void {
    try {
      const game = readRoom(value).isOver ? noGame : readableBy(this.#options.games, value);
      const { boot } = this.#options.journal;
      const room = Room.restore({ ...value, boot }, game, this, Math.max(1, boot - value.boot)); // a damaged journal may have forgotten boots
      if (room.isOver) this.#over.set(life, room);
      else this.#add(room);
      for (const user of room.users) place(user, room);
      this.#matching.update(room);
    } catch (err) {
      const { game, room } = value;
      this.#unreadable.set(nameOf(game, room), value);
      this.log.error("room unreadable", { ...roomFields(value), "event.reason": String(err) });
    }
  }

  /** A user who sits in another room here already, since the directory had forgotten one of them, keeps that one. */
  #place(user: number, room: Room): void {
    const place = this.#places.of(user);
    if (place === undefined || place === room) return this.#places.set(user, room);
    logConflicts(this.log, { lives: [], users: [{ life: room.ownership, user }], moved: [] });
    this.conflicts += 1;
    this.#loseUser(room.life, user);
  }

  #add(room: Room): void {
    this.#names.add(room);
    this.#byLife.set(room.life, room);
    this.#counts.add(room.game);
  }

  /** The room is not played here any more. */
  #remove(room: Room): void {
    this.#names.remove(room);
    if (this.#byLife.delete(room.life)) this.#counts.add(room.game, -1);
  }
}

/** What is over needs no rules to say its last words. */
const noGame: Game<unknown> = {
  ...{ name: "over", version: 0 },
  ...{ open() {}, arrive() {}, leave: () => true, message() {}, timer() {}, dissolve() {} },
  ...{ phase: () => "over", print: () => "" },
};

/**
 * The game that a stored room is played by, with the room's state brought up to it.
 * @throws with the reason why this release cannot read it.
 */
function readableBy(games: ReadonlyMap<string, Game<unknown>>, value: RoomValue): Game<unknown> {
  const game = games.get(value.game);
  if (game === undefined) throw new Error(`this release does not deal ${value.game}`);
  if (value.version > game.version) throw new Error(`its state has version ${value.version}, this release knows ${game.version}`);
  if (value.version === game.version) return game;
  if (game.upgrade === undefined) throw new Error(`this release cannot upgrade a state of version ${value.version}`);
  value.state = game.upgrade(structuredClone(value.state), value.version); // one that throws has changed nothing
  value.version = game.version;
  return game;
}

function noteOf({ value }: Pick<Room, "value">, atMs: number): Omit<GoneNote, "to" | "left"> {
  const { game, room, life, epoch, offer: came } = value;
  return { is: "gone", game, room, life, epoch, came, atMs };
}
