/**
 * A room: its value and the loop that changes it, one input at a time, without locks or
 * awaits. The only place where order is decided. It knows seats, sessions and gates, not
 * what a payload means; the game knows that.
 *
 *     arrive, input, leave, absent, wake, dissolve
 *        └──> run: the game's handler, to completion
 *                └──> value and outbox changed ──> the turn ends: commit, then the outputs leave
 *
 * A handler that throws ends its room only (P10).
 */
import type { Life } from "#fleet/directory.ts";
import { bodyOf, commandOf, type Frame } from "#protocol/frame.ts";
import { Command, DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { outputFlags } from "#protocol/link.ts";
import { Refused } from "#protocol/refusals.ts";
import { isPrivate, readSitDown } from "#protocol/sit_down.ts";
import { errorFrame, printFrame } from "#protocol/system_frames.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { roomFields, sessionFields } from "#runtime/log_fields.ts";
import type { Exit } from "./exit.ts";
import type { Arrival, Game } from "./game.ts";
import { frameFields, seatFields } from "./log_fields.ts";
import type { Output } from "./outbox.ts";
import type { RoomCounts } from "./room_counts.ts";
import { ownershipOf, type RoomValue } from "./room_value.ts";
import { notKept, type Seat } from "./seats.ts";
import { RoomTable } from "./table.ts";

/** Commands below are the system's. */
const gameCommandMin = 100;
/** A room that is woken while nothing may be applied looks again so soon. */
const stalledRetryMs = 250;
/** With HOLD=0 a gate that is lost for so long has died. */
const gateHoldMsMax = 3_600_000;

/** Who wants to sit: a user, by which session, with which of its inputs. */
export interface Visitor {
  readonly user: number;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly session: number;
  /** The number of the sit among the session's inputs. */
  readonly number: number;
  /** Where the session is. */
  readonly exit: Exit;
}

/** A session that a gate believes to be seated, when it attaches. */
export interface Claimant {
  readonly session: number;
  readonly user: number;
  /** The last input of it that the gate knows to be applied. */
  readonly acked: number;
}

/** What a session that has sat down needs to know of the room's outputs. */
export interface Entered {
  /** The last output that was none of this session's. */
  readonly after: number;
  /** A sit that was applied before, and whose answer was lost: what it has missed. */
  readonly missed: readonly Output[];
}

/** What a gate that attaches learns. */
export interface Attached {
  /** Sessions that are seated, and the last input applied of each. */
  readonly seated: readonly { readonly session: number; readonly last: number }[];
  /** Sessions that are not, and will not be told by an output. */
  readonly gone: readonly { readonly session: number; readonly reason: DisconnectReason }[];
  /** What the gate has missed, in order. */
  readonly missed: readonly Output[];
}

/** What a room needs of its server. */
export interface RoomHost {
  /** The server's own clock: timers are due on it. */
  readonly clock: Clock;
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  /** A seat whose way was cut by us is kept so long; 0 = for ever. */
  readonly holdMs: number;
  /** While the server drains, a room without players ends at once (PROTOCOL §3.10). */
  readonly isDraining: boolean;
  /** Every room ends. */
  readonly isDissolving: boolean;
  /** While the journal has no space, nothing is applied. */
  readonly isStalled: boolean;
  /** Runs a handler under the watchdog's eye. */
  watch(room: Room, handler: string, act: () => void): void;
  /** Something changed: at the end of this turn the room is committed and its outputs leave. */
  touched(room: Room): void;
  /** `who`, as the log calls him, has heard a refusal. */
  refused(refused: Refused, log: Log, who: LogFields): void;
  /** `user` comes or goes, as `who` says: a line of the log, unless he does it too often. */
  logComing(log: Log, event: "sit" | "come back" | "stand" | "drop", user: number, who: LogFields): void;
  readonly counts: RoomCounts;
  left(room: Room, user: number): void;
  /** Nobody sits there any more. */
  over(room: Room): void;
  /** Over, and every gate has its last words. */
  done(room: Room): void;
  /** The answer to a sit with `print`: this server's rooms and users. */
  printServer(): string;
}

/** `frozen`: it is being given away; `stopped`: the process goes, and nothing changes any more. */
type Stage = "open" | "frozen" | "ending" | "over" | "stopped";

export class Room {
  readonly game: string;
  readonly id: string;
  readonly life: string;
  readonly options: string;
  readonly isPrivate: boolean;
  #game: Game<unknown>;
  readonly #value: RoomValue;
  readonly #table: RoomTable;
  readonly #host: RoomHost;
  readonly #exits = new Map<string, Exit>();
  /** Gates with an exit that there is nothing to give again: what is said there arrives, in order. */
  readonly #caughtUp = new Set<string>();
  /** Of this turn: of each session the last input. */
  #acks: { readonly exit: Exit; readonly session: number; number: number }[] = [];
  /** The last output that may have left. */
  #released: number;
  #stage: Stage;
  #log: Log;
  #melted: PromiseWithResolvers<void> | undefined;
  #wake: { readonly atMs: number; readonly timer: Timer } | undefined;

  private constructor(value: RoomValue, game: Game<unknown>, host: RoomHost) {
    this.#stage = value.isOver ? "over" : "open";
    this.game = value.game;
    this.id = value.room;
    this.life = value.life;
    this.options = value.options;
    this.isPrivate = isPrivate(value.options);
    this.#log = host.log.with(roomFields(value));
    this.#game = game;
    this.#value = value;
    this.#host = host;
    this.#table = new RoomTable(value, {
      development: host.development,
      watchersMax: host.watchersMax,
      log: () => this.#log,
      now: () => host.clock.now(),
      onLeft: (user) => host.left(this, user),
    });
    this.#released = value.outbox.last;
  }

  /**
   * Opens a room around a value that has no state yet.
   * @throws what the game's `open` throws.
   */
  static open(value: RoomValue, game: Game<unknown>, host: RoomHost): Room {
    const room = new Room(value, game, host);
    const options = value.options === "" ? {} : (JSON.parse(value.options) as Record<string, unknown>);
    value.state = game.open(room.#table, options);
    room.#log.info("room open");
    room.#sleep();
    return room;
  }

  /**
   * Goes on with a room from its value, which was written so many boots ago. Whoever was seated is absent until his gate
   * attaches, or he sits again.
   */
  static restore(value: RoomValue, game: Game<unknown>, host: RoomHost, boots = 1): Room {
    const room = new Room(value, game, host);
    room.#table.outbox.leap(boots);
    room.#released = value.outbox.last;
    for (const gate of room.#gates()) room.#lose(gate);
    room.#sleep();
    return room;
  }

  /**
   * A look at what a value would be as a room of `game`, which nobody will ever be in.
   * @throws what the game's own part of it throws.
   */
  static rehearse(value: RoomValue, game: Game<unknown>, host: RoomHost): void {
    new Room(value, game, host).print();
  }

  /** The room as plain data: this very object is the room's, so write it out before the next input. */
  get value(): RoomValue {
    return this.#value;
  }

  /** Its lines say which life this is, and at which epoch. */
  get log(): Log {
    return this.#log;
  }

  /** The value as JSON. A state that is no plain data ends the room: what this turn has said is taken back. */
  writeDown(): string {
    try {
      return JSON.stringify(this.#value);
    } catch (err) {
      this.#value.state = undefined;
      this.#table.unsay(this.#released);
      this.#crash("state", err);
      return JSON.stringify(this.#value);
    }
  }

  /** Of its state's shape. */
  get version(): number {
    return this.#value.version;
  }

  /** Which life this is and who owns it. */
  get ownership(): Life {
    return ownershipOf(this.#value);
  }

  get isOver(): boolean {
    return this.#stage === "over";
  }

  /** It may be given away. */
  get isPlayed(): boolean {
    return this.#stage === "open";
  }

  /** It is being given away: nothing is applied, and gates keep what they have. */
  get isFrozen(): boolean {
    return this.#stage === "frozen";
  }

  /** Nothing is applied, and nothing is acknowledged. */
  get #isStill(): boolean {
    return this.#stage === "frozen" || this.#stage === "stopped";
  }

  /** It may be another server's already: only the taker can say. */
  get isOutgoing(): boolean {
    return this.#value.passage?.is === "outgoing";
  }

  /** Over, and every gate has its last words: the room may be forgotten. */
  get isDone(): boolean {
    return this.isOver && this.#table.outbox.isEmpty;
  }

  /** Over, and a gate that can be reached has not confirmed its last words yet. */
  get isBeingHeard(): boolean {
    return this.isOver && [...this.#table.outbox.gates].some((gate) => this.#exits.has(gate));
  }

  get users(): number[] {
    return this.#table.occupants.all.map(({ user }) => user);
  }

  /** By ascending index. */
  get seats(): readonly Seat[] {
    return this.#table.occupants.all;
  }

  /** For somebody new; none unless it is played. */
  get freeSeats(): number {
    return this.isPlayed ? this.#table.occupants.freeCount : 0;
  }

  /** For lobbies; undefined when the game's own part of it has ended the room. */
  summary(): { id: string; seats: number; free: number; watchers: number; phase: string } | undefined {
    const { playing, freeCount, watchersCount } = this.#table.occupants;
    const phase = this.#look("phase", () => this.#game.phase(this.#value.state));
    return phase === undefined ? undefined : { id: this.id, seats: playing, free: freeCount, watchers: watchersCount, phase };
  }

  /** What Print shows everyone; undefined when the game's own part of it has ended the room. */
  dump(): string | undefined {
    return this.#look("print", () => this.print());
  }

  /** Whether somebody new with this wish would find an index. */
  hasRoomFor(seat: number, watch: boolean): boolean {
    return this.#table.occupants.indexFor(seat, watch) !== undefined;
  }

  // Inputs, one at a time.

  /** A session takes its user's kept seat, or a new one. Check `hasRoomFor` first. */
  arrive(visitor: Visitor, seat: number, watch: boolean): Entered {
    const kept = this.#table.occupants.of(visitor.user);
    const index = this.#table.occupants.indexFor(seat, watch);
    const { exit, session, number } = visitor;
    const isNew = !this.#gates().has(exit.gate);
    this.#meet(exit, session);
    if (isNew) this.#caughtUp.add(exit.gate);
    const { outbox } = this.#table;
    const isRepeat = kept !== undefined && isWayOf(kept, exit.gate, session) && number <= kept.way.last;
    if (isRepeat && kept.way.after !== notKept && !outbox.hasDropped(exit.gate, kept.way.after)) {
      this.#takeUp(kept, { session, user: visitor.user, acked: 0 });
      this.#settle();
      return { after: kept.way.after, missed: outbox.since(exit.gate, kept.way.after) };
    }
    const after = outbox.last;
    if (kept !== undefined) this.#run("arrive", () => this.#comeBack(kept, visitor));
    else if (index !== undefined) this.#run("arrive", () => this.#sitDown(index, visitor));
    return { after, missed: [] };
  }

  /**
   * A frame of a seated session. A repeat is acknowledged and nothing else; a gap is not
   * applied, and false asks the gate to attach again (P3). Whoever sends to a room that is still gives it again.
   */
  input(exit: Exit, session: number, number: number, frame: Frame): boolean {
    if (this.#isStill) return true;
    const seat = this.#table.occupants.at(exit.gate, session);
    if (seat === undefined || seat.way.is !== "online") return true;
    if (number > seat.way.last + 1) return false;
    this.#ack(exit, session, Math.max(number, seat.way.last));
    if (number <= seat.way.last) return true;
    seat.way.last = number;
    this.#run("message", () => this.#message(seat, frame));
    return true;
  }

  /** The client of a session has left: the last input of its way (P4). False: a gap, as with `input`. */
  leave(exit: Exit, session: number, number: number, how: "stand" | "drop"): boolean {
    if (this.#isStill) return true;
    const seat = this.#table.occupants.at(exit.gate, session);
    if (seat !== undefined && seat.way.is !== "offline" && number > seat.way.last + 1) return false;
    this.#ack(exit, session, number);
    if (seat === undefined) return true;
    this.#host.logComing(this.#log, how, seat.user, { ...seatFields(seat), ...sessionFields(exit.gate, session, seat.user) });
    this.#run("leave", () => this.#leave(seat));
    return true;
  }

  /** The way to a session is cut by us: its seat is kept, nobody is told, until HOLD. */
  absent(gate: string, session: number): void {
    const seat = this.#table.occupants.at(gate, session);
    if (seat !== undefined) this.#makeAbsent(seat);
    this.#settle();
  }

  /** Tells everybody something that is no part of the game. */
  tellAll(frame: Frame): void {
    if (!this.isPlayed || this.#host.isStalled) return;
    this.#table.sendAll(frame);
    this.#touch();
  }

  /** A user turns out to sit in another room too: his session hears Disconnect 0, and his seat is free. */
  sendOut(user: number): void {
    this.#run("leave", () => this.#table.disconnect(user, DisconnectReason.RETRY));
  }

  /** The system ends the room (PROTOCOL §2.6); `why` is for the log. */
  dissolve(why = "on request", reason: DisconnectReason = DisconnectReason.ROOM_DISSOLVED): void {
    if (this.#stage !== "open") return;
    this.#stage = "ending";
    this.#log.info("room dissolve", { "event.reason": why });
    if (reason === DisconnectReason.ROOM_DISSOLVED) this.#run("dissolve", () => this.#game.dissolve(this.#table, this.#value.state));
    this.#end(reason);
  }

  /** Goes on by other rules, from the state that they read: between two inputs, and nobody who is here notices. */
  playBy(game: Game<unknown>, { state, version }: Pick<RoomValue, "state" | "version">): void {
    this.#game = game;
    this.#value.state = state;
    this.#value.version = version;
    this.#touch();
  }

  // Giving away.

  /** From now on nothing changes but who is absent. */
  freeze(): void {
    if (this.#stage !== "open") return;
    this.#stage = "frozen";
    this.#melted = Promise.withResolvers();
    this.#sleepUntil(Number.POSITIVE_INFINITY);
    this.#touch();
  }

  /** The taker has written it down: from the next commit on only it can say whether the room is still ours. */
  markOutgoing(passage: { readonly offer: string; readonly to: string }): void {
    this.#value.passage = { is: "outgoing", ...passage };
    this.#touch();
  }

  /** It is ours after all, from now on at this epoch. Gates that were here must attach again. */
  thaw(epoch: number): void {
    if (!this.isFrozen) return;
    this.#stage = "open";
    this.#value.epoch = epoch;
    this.#value.passage = undefined;
    this.#log = this.#host.log.with(roomFields(this.#value));
    this.#settle();
    this.#melted?.resolve();
    for (const exit of this.#exits.values()) exit.again(this.life);
  }

  /** It is another server's, and was stopped: whoever is behind an exit of ours is told so, behind everything we had to say. */
  leaveTo(owner: string, epoch: number): void {
    for (const exit of this.#exits.values()) exit.moved(this.life, owner, epoch);
    this.#melted?.resolve();
  }

  /** Resolves when it is known whose a frozen room is. */
  get melted(): Promise<void> {
    return this.#melted?.promise ?? Promise.resolve();
  }

  /** Nothing is due any more: the process goes, and the room's value stays what it is. */
  stop(): void {
    this.#stage = "stopped";
    this.#wake?.timer.cancel();
  }

  /** To be called when the server begins to drain. */
  settleDrain(): void {
    if (this.#host.isDissolving || this.#table.occupants.playersCount === 0) this.#settle();
  }

  // Gates: they come, miss things, catch up, and go.

  /**
   * A gate is back: it has passed on everything up to output `last`, and believes that these
   * sessions sit here. Their ways are theirs again, and it learns what it missed. `isAnew`: it has
   * not listened here since then, whatever was said.
   */
  attach(exit: Exit, last: number, claimants: readonly Claimant[], isAnew = false): Attached {
    const { outbox } = this.#table;
    this.#meet(exit);
    if (isAnew) this.#caughtUp.delete(exit.gate);
    const hasMissed = !this.#caughtUp.has(exit.gate);
    this.#caughtUp.add(exit.gate);
    const isTooLate = hasMissed && outbox.hasDropped(exit.gate, last);
    outbox.confirm(exit.gate, last);
    if (isTooLate) this.#letGo(exit.gate, claimants);
    const missed = hasMissed ? outbox.since(exit.gate, last) : [];
    const told = new Set(
      outbox.unconfirmed(exit.gate, last).flatMap(({ flags, to }) => (flags & outputFlags.ends ? (to[exit.gate] ?? []) : [])),
    );
    const seated: { session: number; last: number }[] = [];
    const gone: { session: number; reason: DisconnectReason }[] = [];
    for (const claimant of claimants) {
      const seat = this.#table.occupants.at(exit.gate, claimant.session);
      if (seat !== undefined && !isTooLate) seated.push({ session: claimant.session, last: this.#takeUp(seat, claimant) });
      else if (!told.has(claimant.session)) gone.push({ session: claimant.session, reason: this.#whyGone(claimant, exit.gate) });
    }
    if (isTooLate) this.#sayOutdated(gone.filter(({ reason }) => reason === DisconnectReason.RETRY).length);
    this.#settle();
    return { seated, gone, missed };
  }

  /** The link to a gate is lost. */
  detach(exit: Exit): void {
    if (this.#exits.get(exit.gate) !== exit) return;
    this.#part(exit.gate);
    if (!this.#gates().has(exit.gate)) return;
    this.#lose(exit.gate);
    this.#settle();
  }

  /** A gate has passed on everything up to output `number`. */
  confirm(gate: string, number: number): void {
    this.#table.outbox.confirm(gate, number);
    if (this.isOver) this.#settle();
  }

  /** What the turn has brought, for every exit it concerns: to be called after the commit. */
  release(send: (exit: Exit, output: Output) => void, ack: (exit: Exit, session: number, number: number) => void): void {
    this.#table.outbox.takeFresh((gate, output) => {
      const exit = this.#exits.get(gate);
      if (exit === undefined) return;
      send(exit, output);
      if (exit.confirmsAtOnce) this.confirm(gate, output.number);
    });
    this.#released = this.#table.outbox.last;
    const acks = this.#acks;
    this.#acks = [];
    for (const { exit, session, number } of acks) ack(exit, session, number);
  }

  /** What Print shows `reader`; undefined: what everyone may see. */
  print(reader?: Seat): string {
    const { occupants } = this.#table;
    const seats = occupants.all.map(
      (seat) => `  ${occupants.isWatcher(seat) ? "watcher" : "seat"} ${seat.index}: user ${seat.user}, ${seat.way.is}`,
    );
    const dump = this.#game.print(this.#table, this.#value.state, reader && this.#table.playerOf(reader));
    return [`${this.game} room ${this.id}, ${this.#game.phase(this.#value.state)}`, ...seats, dump].join("\n");
  }

  #sitDown(index: number, { user, claims, exit, session, number }: Visitor): void {
    const seat: Seat = {
      user,
      index,
      claims,
      way: { is: "online", gate: exit.gate, session, last: number, after: this.#table.outbox.last },
    };
    this.#host.logComing(this.#log, "sit", user, seatFields(seat));
    this.#table.sitDown(seat);
    this.#tellScene(seat, "new");
  }

  #comeBack(seat: Seat, { claims, exit, session, number }: Visitor): void {
    seat.claims = claims;
    this.#table.comeBack(seat, exit.gate, session, number);
    this.#host.logComing(this.#log, "come back", seat.user, seatFields(seat));
    this.#tellScene(seat, "back");
  }

  #message(seat: Seat, frame: Frame): void {
    try {
      const command = commandOf(frame);
      if (this.#log.isDebug) this.#log.debug("input", { ...seatFields(seat), ...frameFields(frame) });
      if (command >= gameCommandMin) {
        this.#game.message(this.#table, this.#value.state, this.#table.playerOf(seat), command, bodyOf(frame));
      } else if (command === Command.SIT_DOWN) this.#sitAgain(seat, frame);
      else if (command === Command.PRINT) this.#print(seat, () => this.print(seat));
      else throw new Refused("unknownCommand", { of: command });
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      this.#refuse(seat, thrown);
    }
  }

  /** SitDown of a session that sits here: the scene again, or from watching to a free seat (PROTOCOL §3.6). */
  #sitAgain(seat: Seat, frame: Frame): void {
    const request = readSitDown(bodyOf(frame));
    if (request.print) return this.#print(seat, () => this.#host.printServer());
    const asksForHere = request.game === this.game && (request.room === undefined || request.room === this.id);
    if (!asksForHere) throw new Refused("inAnotherRoom");
    if (request.mode === "create") throw new Refused("notAllowed", { detail: "the room exists" });
    const { occupants } = this.#table;
    const mayMove = occupants.isWatcher(seat) && !request.watch;
    const isAnySeat = request.seat < 0 || request.seat >= occupants.playing;
    const index = isAnySeat || occupants.isFreePlaying(request.seat) ? occupants.freePlaying(request.seat) : undefined;
    if (mayMove && index !== undefined) {
      this.#table.moveToSeat(seat.user, index);
      this.#tellScene(seat, "moved");
    } else this.#tellScene(seat, "again");
  }

  #print(seat: Seat, dump: () => string): void {
    if (!this.#host.development) throw new Refused("notAllowed", { detail: "Print is for development" });
    this.#table.tell([seat], printFrame(dump()));
  }

  #refuse(seat: Seat, refused: Refused): void {
    this.#host.refused(refused, this.#log, seatFields(seat));
    this.#table.tell([seat], errorFrame(refused, this.#host.development), refused.refusal.strike ? outputFlags.strike : outputFlags.none);
  }

  #leave(seat: Seat): void {
    const agreed = this.#game.leave(this.#table, this.#value.state, this.#table.playerOf(seat));
    seat.way = { is: "offline" }; // the leaver hears nothing
    if (agreed) this.#table.free(seat);
    else this.#table.goOffline(seat);
  }

  #tellScene(seat: Seat, how: Arrival): void {
    this.#game.arrive(this.#table, this.#value.state, this.#table.playerOf(seat), how);
  }

  #ack(exit: Exit, session: number, number: number): void {
    const known = this.#acks.find((ack) => ack.session === session && ack.exit === exit);
    if (known === undefined) this.#acks.push({ exit, session, number });
    else known.number = number;
    this.#touch();
  }

  /** The exit to a gate, as of now, met by a session that sits down or by the gate itself. What came by another one must be claimed anew. */
  #meet(exit: Exit, by?: number): void {
    const known = this.#exits.get(exit.gate);
    if (known === exit) return;
    if (known !== undefined) {
      this.#part(exit.gate);
      this.#lose(exit.gate);
    }
    this.#exits.set(exit.gate, exit);
    delete this.#value.lostGates[exit.gate];
    for (const { way } of this.#seatsBehind(exit.gate)) if (way.is === "absent" && way.session !== by) way.after = notKept;
  }

  /** The exit to a gate is no more. */
  #part(gate: string): void {
    this.#exits.delete(gate);
    this.#caughtUp.delete(gate);
  }

  /** A gate cannot be reached: its sessions are absent, and what is kept for it is kept until HOLD. */
  #lose(gate: string): void {
    this.#value.lostGates[gate] ??= this.#host.clock.now();
    for (const seat of this.#seatsBehind(gate)) this.#makeAbsent(seat);
  }

  #seatsBehind(gate: string): Seat[] {
    return this.#table.occupants.all.filter(({ way }) => way.is !== "offline" && way.gate === gate);
  }

  /** Every gate that has a session here, or that something is kept for. */
  #gates(): Set<string> {
    const ofSeats = this.#table.occupants.all.flatMap(({ way }) => (way.is === "offline" ? [] : [way.gate]));
    return new Set([...ofSeats, ...this.#table.outbox.gates]);
  }

  #makeAbsent(seat: Seat): void {
    if (seat.way.is !== "online") return;
    seat.way = { ...seat.way, is: "absent", sinceMs: this.#host.clock.now() };
  }

  #sayOutdated(users: number): void {
    this.#log.warn("outputs gone", { users });
    this.#host.counts.sessionsOutdated += users;
  }

  /** A way that its gate has taken up again; gives the last input applied. */
  #takeUp(seat: Seat, { session, acked }: Claimant): number {
    if (seat.way.is === "offline") return acked;
    const { gate, last, after } = seat.way;
    if (acked > last) {
      this.#log.error("inputs forgotten", { ...seatFields(seat), "event.reason": `the journal knows ${last}, the gate ${acked}` });
      this.#host.counts.inputsForgotten += acked - last;
    }
    seat.way = { is: "online", gate, session, after, last: Math.max(acked, last) };
    return seat.way.last;
  }

  /** A gate was away for longer than its outputs are kept: its sessions must sit down again, but for those that just have. */
  #letGo(gate: string, claimants: readonly Claimant[]): void {
    const named = new Set(claimants.map(({ session }) => session));
    const sessions = this.#seatsBehind(gate).flatMap(({ way }) => (way.is === "online" && !named.has(way.session) ? [way.session] : []));
    const here = new Set(sessions);
    const lost = this.#seatsBehind(gate).filter(({ way }) => way.is !== "offline" && !here.has(way.session));
    this.#table.outbox.letGo(gate, here);
    for (const seat of lost) this.#makeAbsent(seat);
  }

  #whyGone({ user, session }: Claimant, gate: string): DisconnectReason {
    const seat = this.#table.occupants.of(user);
    const isReplaced = seat !== undefined && seat.way.is !== "offline" && !isWayOf(seat, gate, session);
    return isReplaced ? DisconnectReason.REPLACED : DisconnectReason.RETRY;
  }

  /** Whatever is due: timers in their order, then what was held long enough. */
  #onWake(): void {
    this.#wake = undefined;
    if (this.#host.isStalled) return this.#sleepUntil(this.#host.clock.now() + stalledRetryMs);
    const now = this.#host.clock.now();
    for (let name = this.#takeDue(now); name !== undefined; name = this.#takeDue(now)) {
      const due = name;
      this.#run("timer", () => this.#game.timer(this.#table, this.#value.state, due));
    }
    for (const seat of [...this.#table.occupants.all]) {
      const isHere = this.#table.occupants.of(seat.user) === seat; // another one's leaving may have taken him along
      if (!isHere || this.#heldUntilMs(seat) > now) continue;
      this.#log.info("drop", { ...seatFields(seat), "event.reason": "the seat was held for HOLD" });
      this.#host.counts.seatsGivenUp += 1;
      this.#run("leave", () => this.#leave(seat));
    }
    this.#forgetGates(now);
    this.#settle();
  }

  #takeDue(now: number): string | undefined {
    return this.#stage === "open" ? this.#table.timers.takeDue(now) : undefined;
  }

  #heldUntilMs({ way }: Seat): number {
    return way.is === "absent" && this.#host.holdMs > 0 ? way.sinceMs + this.#host.holdMs : Number.POSITIVE_INFINITY;
  }

  /** Seats may be kept for ever; what is kept for gates may not. */
  get #gateHoldMs(): number {
    return this.#host.holdMs > 0 ? this.#host.holdMs : gateHoldMsMax;
  }

  /** Gates that have been lost for HOLD will not come back for what was kept. */
  #forgetGates(now: number): void {
    for (const [gate, sinceMs] of Object.entries(this.#value.lostGates)) {
      if (sinceMs + this.#gateHoldMs > now) continue;
      delete this.#value.lostGates[gate];
      this.#table.outbox.forget(gate);
    }
  }

  /** Runs a handler to completion. One that throws has said nothing, and ends the room. */
  #run(handler: string, act: () => void): void {
    if (this.#stage !== "open" && this.#stage !== "ending") return;
    const said = this.#table.outbox.last;
    try {
      this.#host.watch(this, handler, act);
    } catch (err) {
      this.#table.unsay(said);
      this.#crash(handler, err);
    }
    this.#settle();
  }

  /** Asks the game without changing anything; a question that throws ends the room, unless that may be another server's. */
  #look<Result>(question: string, look: () => Result): Result | undefined {
    try {
      return look();
    } catch (err) {
      if (!this.isFrozen) this.#crash(question, err);
      return undefined;
    }
  }

  #crash(handler: string, err: unknown): void {
    this.#log.error("room crash", { "event.reason": handler, err });
    this.#host.counts.crashes += 1;
    this.#end(DisconnectReason.ROOM_DISSOLVED);
  }

  /** What follows from any change: the room ends if it must, sleeps until something is due, and is committed. */
  #settle(): void {
    if (this.#stage === "stopped") return;
    this.#touch();
    if (this.isDone) return this.#host.done(this);
    if (this.#stage === "over") return this.#sleep(); // until every gate has its last words, or is given up
    if (this.#stage !== "open") return;
    const { occupants, timers, isEnding } = this.#table;
    if (isEnding) return this.#end(DisconnectReason.ROOM_DISSOLVED);
    if (occupants.all.length === 0 && timers.nextMs === undefined) return this.dissolve("nobody is here, and nothing is due");
    if (this.#host.isDissolving) return this.dissolve("every room ends");
    if (this.#host.isDraining && occupants.playersCount === 0) return this.dissolve("the server leaves, and nobody plays");
    this.#sleep();
  }

  /** The room has changed: it is committed at the end of the turn. */
  #touch(): void {
    this.#table.outbox.bound();
    this.#host.touched(this);
  }

  #sleep(): void {
    let atMs = this.#table.timers.nextMs ?? Number.POSITIVE_INFINITY;
    for (const seat of this.#table.occupants.all) atMs = Math.min(atMs, this.#heldUntilMs(seat));
    for (const gate in this.#value.lostGates) atMs = Math.min(atMs, (this.#value.lostGates[gate] ?? 0) + this.#gateHoldMs);
    this.#sleepUntil(atMs);
  }

  #sleepUntil(atMs: number): void {
    if (this.#wake?.atMs === atMs) return;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, Math.ceil(atMs - this.#host.clock.now()));
    this.#wake = { atMs, timer: this.#host.clock.after(delayMs, () => this.#onWake()) };
  }

  #end(reason: DisconnectReason): void {
    if (this.isOver) return;
    this.#stage = "over";
    this.#value.isOver = true;
    this.#melted?.resolve();
    const sentOut = this.users;
    this.#table.clear(reason);
    this.#log.info("room end", { users: sentOut.length, ...(sentOut.length > 0 && { "user.id": sentOut }) });
    this.#sleep();
    this.#touch();
    this.#host.over(this);
  }
}

function isWayOf(seat: Seat, gate: string, session: number): seat is Seat & { way: Exclude<Seat["way"], { is: "offline" }> } {
  return seat.way.is !== "offline" && seat.way.gate === gate && seat.way.session === session;
}
