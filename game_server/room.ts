/**
 * A room: its value and the loop that changes it, one input at a time, without locks or
 * awaits. The only place where order is decided. It knows seats and sessions, not what a
 * payload means; the game knows that.
 *
 *     arrive, input, leave, absent, wake, dissolve
 *        └──> run: the game's handler, to completion
 *                └──> outbox, value changed ──> the turn ends: commit, then the outputs leave
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
import type { Log } from "#runtime/log.ts";
import type { SessionHandle } from "./exit.ts";
import type { Arrival, Game } from "./game.ts";
import type { Output } from "./outbox.ts";
import type { RoomValue } from "./room_value.ts";
import type { Seat } from "./seats.ts";
import { RoomTable } from "./table.ts";

/** Commands below are the system's. */
const gameCommandMin = 100;

/** Who wants to sit: a user, by which session, with which of its inputs. */
export interface Visitor {
  readonly user: number;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly session: SessionHandle;
  /** The number of the sit among the session's inputs. */
  readonly number: number;
}

/** What a room needs of its server. */
export interface RoomHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  /** A seat whose way was cut by us is kept so long; 0 = for ever. */
  readonly holdMs: number;
  /** While the server drains, a room without players ends at once (PROTOCOL §3). */
  readonly isDraining: boolean;
  /** Runs a handler under the watchdog's eye. */
  watch(room: Room, handler: string, act: () => void): void;
  /** Something changed: at the end of this turn the room is committed and its outputs leave. */
  touched(room: Room): void;
  refused(refused: Refused): void;
  crashed(): void;
  left(room: Room, user: number): void;
  over(room: Room): void;
  /** The answer to a sit with `print`: this server's rooms and users. */
  printServer(): string;
}

type Stage = "open" | "ending" | "over";

export class Room {
  readonly game: string;
  readonly id: string;
  readonly options: string;
  readonly isPrivate: boolean;
  readonly log: Log;
  readonly #game: Game<unknown>;
  readonly #value: RoomValue;
  readonly #table: RoomTable;
  readonly #host: RoomHost;
  readonly #sessions = new Map<string, SessionHandle>();
  readonly #departed = new Set<string>();
  readonly #acks = new Map<SessionHandle, number>();
  #stage: Stage = "open";
  #wake: { readonly atMs: number; readonly timer: Timer } | undefined;

  private constructor(value: RoomValue, game: Game<unknown>, host: RoomHost) {
    this.game = value.game;
    this.id = value.room;
    this.options = value.options;
    this.isPrivate = isPrivate(value.options);
    this.log = host.log.with({ "game.name": value.game, "room.id": value.room, "room.life": value.life });
    this.#game = game;
    this.#value = value;
    this.#host = host;
    this.#table = new RoomTable(value, {
      development: host.development,
      watchersMax: host.watchersMax,
      log: this.log,
      now: () => host.clock.now(),
      onLeft: (user) => host.left(this, user),
    });
  }

  /**
   * Opens a room around a value that has no state yet.
   * @throws what the game's `open` throws.
   */
  static open(value: RoomValue, game: Game<unknown>, host: RoomHost): Room {
    const room = new Room(value, game, host);
    const options = value.options === "" ? {} : (JSON.parse(value.options) as Record<string, unknown>);
    value.state = game.open(room.#table, options);
    room.log.info("room open", { seat: value.playing });
    room.#sleep();
    return room;
  }

  /** Goes on with a room from its value. Sessions that were seated take their way up again by `resume`. */
  static restore(value: RoomValue, game: Game<unknown>, host: RoomHost): Room {
    const room = new Room(value, game, host);
    room.#sleep();
    return room;
  }

  /** The room as plain data: this very object is the room's, so write it out before the next input. */
  get value(): RoomValue {
    return this.#value;
  }

  /** Which life this is and who owns it. */
  get ownership(): Life {
    const { game, room, life, owner, epoch, boot, openedAtMs } = this.#value;
    return { game, room, life, owner, epoch, boot, openedAtMs };
  }

  get isOver(): boolean {
    return this.#stage === "over";
  }

  get users(): number[] {
    return this.#table.occupants.all.map(({ user }) => user);
  }

  get freeSeats(): number {
    return this.#table.occupants.freeCount;
  }

  /** For lobbies. */
  get summary(): { id: string; seats: number; free: number; watchers: number; phase: string } {
    const { playing, freeCount, watchersCount } = this.#table.occupants;
    return { id: this.id, seats: playing, free: freeCount, watchers: watchersCount, phase: this.#game.phase(this.#value.state) };
  }

  /** Whether somebody new with this wish would find an index. */
  hasRoomFor(seat: number, watch: boolean): boolean {
    return this.#table.occupants.indexFor(seat, watch) !== undefined;
  }

  // Inputs, one at a time.

  /** A session takes its user's kept seat, or a new one. Check `hasRoomFor` first. */
  arrive(visitor: Visitor, seat: number, watch: boolean): void {
    const kept = this.#table.occupants.of(visitor.user);
    const index = this.#table.occupants.indexFor(seat, watch);
    if (kept !== undefined) this.#run("arrive", () => this.#comeBack(kept, visitor));
    else if (index !== undefined) this.#run("arrive", () => this.#sitDown(index, visitor));
  }

  /** A restored room hears from a session that was seated when its value was written. */
  resume(session: SessionHandle): void {
    this.#sessions.set(session.key, session);
  }

  /** A frame of a seated session. Repeats are acknowledged and nothing else; a gap is not applied (P3). */
  input(session: SessionHandle, number: number, frame: Frame): void {
    const seat = this.#table.occupants.at(session.key);
    if (seat === undefined || seat.way.is !== "online") return;
    if (number > seat.way.last + 1) return this.log.error("failure", { "event.reason": `input ${number} after ${seat.way.last}` });
    this.#acks.set(session, Math.max(number, seat.way.last));
    if (number <= seat.way.last) return this.#host.touched(this);
    seat.way.last = number;
    this.#run("message", () => this.#message(seat, frame));
  }

  /** The client of a session has left: the last input of its way (P4). */
  leave(session: SessionHandle, number: number, how: "stand" | "drop"): void {
    this.#acks.set(session, number);
    this.#host.touched(this);
    const seat = this.#table.occupants.at(session.key);
    if (seat === undefined) return;
    this.log.info(how, { "user.id": seat.user, seat: seat.index });
    this.#run("leave", () => this.#leave(seat));
  }

  /** The way to a session is cut by us: its seat is kept, nobody is told, until HOLD. */
  absent(session: SessionHandle): void {
    this.#sessions.delete(session.key);
    const seat = this.#table.occupants.at(session.key);
    if (seat === undefined || seat.way.is !== "online") return;
    seat.way = { is: "absent", session: seat.way.session, last: seat.way.last, sinceMs: this.#host.clock.now() };
    this.#settle();
  }

  /** Tells everybody something that is no part of the game. */
  tellAll(frame: Frame): void {
    this.#table.sendAll(frame);
    this.#host.touched(this);
  }

  /** The system ends the room (PROTOCOL §2.6). */
  dissolve(reason: DisconnectReason = DisconnectReason.ROOM_DISSOLVED): void {
    if (this.#stage !== "open") return;
    this.#stage = "ending";
    if (reason === DisconnectReason.ROOM_DISSOLVED) this.#run("dissolve", () => this.#game.dissolve(this.#table, this.#value.state));
    this.#end(reason);
  }

  /** Nothing is due any more: the process goes, and the room stays what it is. */
  stop(): void {
    this.#stage = "over";
    this.#wake?.timer.cancel();
  }

  /** To be called when the server begins to drain. */
  settleDrain(): void {
    this.#settle();
  }

  /** Reports what the turn has brought, to every exit it concerns, after the commit. */
  release(send: (output: Output, handles: readonly SessionHandle[]) => void, ack: (session: SessionHandle, number: number) => void): void {
    for (const output of this.#table.outbox.take()) {
      send(
        output,
        output.sessions.flatMap((key) => this.#sessions.get(key) ?? []),
      );
      if (output.flags & outputFlags.ends) for (const key of output.sessions) this.#departed.add(key);
    }
    for (const key of this.#departed) this.#sessions.delete(key);
    this.#departed.clear();
    for (const [session, number] of this.#acks) ack(session, number);
    this.#acks.clear();
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

  #sitDown(index: number, { user, claims, session, number }: Visitor): void {
    const seat: Seat = { user, index, claims, way: { is: "online", session: session.key, last: number } };
    this.#sessions.set(session.key, session);
    this.log.info("sit", { "user.id": user, seat: index });
    this.#table.sitDown(seat);
    this.#tellScene(seat, "new");
  }

  #comeBack(seat: Seat, { claims, session, number }: Visitor): void {
    this.#sessions.set(session.key, session);
    this.log.info("come back", { "user.id": seat.user, seat: seat.index });
    seat.claims = claims;
    this.#table.comeBack(seat, session.key, number);
    this.#tellScene(seat, "back");
  }

  #message(seat: Seat, frame: Frame): void {
    try {
      const command = commandOf(frame);
      if (command >= gameCommandMin) this.#game.message(this.#table, this.#value.state, this.#table.playerOf(seat), command, bodyOf(frame));
      else if (command === Command.SIT_DOWN) this.#sitAgain(seat, frame);
      else if (command === Command.PRINT) this.#print(seat, () => this.print(seat));
      else throw new Refused("unknownCommand", { of: command });
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      this.#refuse(seat, thrown);
    }
  }

  /** SitDown of a session that sits here: the scene again, or from watching to a free seat (PROTOCOL §3). */
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
    this.#host.refused(refused);
    this.log.debug("refusal", { "user.id": seat.user, "error.code": refused.refusal.code, "event.reason": refused.message });
    this.#table.tell([seat], errorFrame(refused, this.#host.development), refused.refusal.strike ? outputFlags.strike : outputFlags.none);
  }

  #leave(seat: Seat): void {
    const agreed = this.#game.leave(this.#table, this.#value.state, this.#table.playerOf(seat));
    if (seat.way.is === "online") this.#departed.add(seat.way.session);
    seat.way = { is: "offline" }; // the leaver hears nothing
    if (agreed) this.#table.free(seat);
    else this.#table.goOffline(seat);
  }

  #tellScene(seat: Seat, how: Arrival): void {
    this.#game.arrive(this.#table, this.#value.state, this.#table.playerOf(seat), how);
  }

  /** Whatever is due: timers in their order, then seats held long enough. */
  #onWake(): void {
    this.#wake = undefined;
    const now = this.#host.clock.now();
    for (let name = this.#table.timers.takeDue(now); name !== undefined && !this.isOver; name = this.#table.timers.takeDue(now)) {
      const due = name;
      this.#run("timer", () => this.#game.timer(this.#table, this.#value.state, due));
    }
    for (const seat of [...this.#table.occupants.all]) {
      if (!this.isOver && this.#heldUntilMs(seat) <= now) this.#run("leave", () => this.#leave(seat));
    }
    this.#settle();
  }

  #heldUntilMs({ way }: Seat): number {
    return way.is === "absent" && this.#host.holdMs > 0 ? way.sinceMs + this.#host.holdMs : Number.POSITIVE_INFINITY;
  }

  /** Runs a handler to completion. One that throws has said nothing, and ends the room. */
  #run(handler: string, act: () => void): void {
    if (this.isOver) return;
    const said = this.#table.outbox.length;
    try {
      this.#host.watch(this, handler, act);
    } catch (err) {
      this.#table.outbox.cutTo(said);
      this.log.error("room crash", { "event.reason": handler, err });
      this.#host.crashed();
      this.#end(DisconnectReason.ROOM_DISSOLVED);
    }
    this.#settle();
  }

  /** What follows from any change: the room ends if it must, sleeps until something is due, and is committed. */
  #settle(): void {
    this.#host.touched(this);
    if (this.#stage !== "open") return;
    const { occupants, timers, isEnding } = this.#table;
    if (isEnding) return this.#end(DisconnectReason.ROOM_DISSOLVED);
    const isDeserted = occupants.all.length === 0 && timers.nextMs === undefined;
    if (isDeserted || (this.#host.isDraining && occupants.playersCount === 0)) return this.dissolve();
    this.#sleep();
  }

  #sleep(): void {
    let atMs = this.#table.timers.nextMs ?? Number.POSITIVE_INFINITY;
    for (const seat of this.#table.occupants.all) atMs = Math.min(atMs, this.#heldUntilMs(seat));
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
    this.#wake?.timer.cancel();
    this.#table.clear(reason);
    this.log.info("room dissolve");
    this.#host.touched(this);
    this.#host.over(this);
  }
}
