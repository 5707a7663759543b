/**
 * The table: everything a game may do, and the few things only its room does. It changes
 * the room's value and fills its outbox, and it makes every announcement of who sits, rises,
 * comes and goes in the order of PROTOCOL §2, so that no game can get it wrong.
 */
import type { Frame } from "#protocol/frame.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { outputFlags } from "#protocol/link.ts";
import { disconnectFrame, onlineFrame, sitDownFrame, standUpFrame } from "#protocol/system_frames.ts";
import type { Log } from "#runtime/log.ts";
import type { Player, Table } from "./game.ts";
import { frameFields, seatFields } from "./log_fields.ts";
import { Outbox } from "./outbox.ts";
import { draw } from "./random.ts";
import type { RoomValue } from "./room_value.ts";
import { type Seat, Seats } from "./seats.ts";
import { Timers } from "./timers.ts";

export interface TableOptions {
  readonly development: boolean;
  readonly watchersMax: number;
  log(): Log;
  /** Milliseconds on the server's own clock. */
  now(): number;
  /** A user holds no seat here any more. */
  onLeft(user: number): void;
}

export class RoomTable implements Table {
  readonly occupants: Seats;
  readonly outbox: Outbox;
  readonly timers: Timers;
  readonly #value: RoomValue;
  readonly #options: TableOptions;
  #ending = false;

  constructor(value: RoomValue, options: TableOptions) {
    this.#value = value;
    this.#options = options;
    this.occupants = new Seats(value.seats, { playing: value.playing, watchersMax: options.watchersMax });
    this.timers = new Timers(value.timers);
    this.outbox = new Outbox(value.outbox);
  }

  // What a game sees.

  get seats(): number {
    return this.#value.playing;
  }

  get isDevelopment(): boolean {
    return this.#options.development;
  }

  get players(): readonly Player[] {
    return this.occupants.all.map((seat) => this.playerOf(seat));
  }

  send(user: number, frame: Frame): void {
    const seat = this.occupants.of(user);
    if (seat !== undefined) this.tell([seat], frame);
  }

  sendAll(frame: Frame): void {
    this.tell(this.occupants.all, frame);
  }

  sendAllBut(users: readonly number[], frame: Frame): void {
    this.tell(
      this.occupants.all.filter(({ user }) => !users.includes(user)),
      frame,
    );
  }

  startTimer(name: string, delayMs: number): void {
    this.timers.start(name, this.#options.now() + Math.max(0, delayMs));
  }

  startTicker(name: string, everyMs: number): void {
    this.timers.startTicker(name, this.#options.now(), everyMs);
  }

  stopTimer(name: string): void {
    this.timers.stop(name);
  }

  leftMs(name: string): number {
    const dueMs = this.timers.dueMs(name);
    return dueMs === undefined ? 0 : Math.max(0, dueMs - this.#options.now());
  }

  random(least: number, most: number): number {
    return draw(this.#value.random, least, most);
  }

  standUp(user: number): void {
    const seat = this.occupants.of(user);
    if (seat === undefined) return;
    this.#log.info("stand", { ...seatFields(seat), "event.reason": "the game stands him up" });
    this.tell([seat], standUpFrame(user), outputFlags.ends);
    this.free(seat);
  }

  disconnect(user: number, reason: DisconnectReason): void {
    const seat = this.occupants.of(user);
    if (seat === undefined) return;
    this.#log.info("stand", { ...seatFields(seat), "event.reason": `Disconnect ${reason}` });
    this.tell([seat], disconnectFrame(reason), outputFlags.ends);
    this.free(seat);
  }

  dissolve(): void {
    this.#ending = true;
  }

  moveToSeat(user: number, seat = -1): boolean {
    const index = this.occupants.freePlaying(seat);
    const watcher = this.occupants.of(user);
    if (index === undefined || watcher === undefined || !this.occupants.isWatcher(watcher)) return false;
    this.#move(watcher, index);
    return true;
  }

  moveToWatch(user: number): boolean {
    const index = this.occupants.freeWatcher();
    const player = this.occupants.of(user);
    if (index === undefined || player === undefined || this.occupants.isWatcher(player)) return false;
    this.#move(player, index);
    return true;
  }

  logSettlement(points: Readonly<Record<string, number>>): void {
    this.#log.info("settle", { "user.id": Object.keys(points).map(Number), "game.points": points });
  }

  log(text: string): void {
    this.#log.info("game", { "game.text": text });
  }

  // What only the room does.

  /** Whether the game has ended the room. */
  get isEnding(): boolean {
    return this.#ending;
  }

  playerOf(seat: Seat): Player {
    return {
      user: seat.user,
      seat: seat.index,
      isWatcher: this.occupants.isWatcher(seat),
      isOnline: seat.way.is !== "offline",
      claims: seat.claims,
    };
  }

  /** Somebody new takes a free seat (PROTOCOL §2.1): those who are here, then himself to all. */
  sitDown(seat: Seat): void {
    const here = [...this.occupants.all];
    this.occupants.add(seat);
    for (const { user, index, way } of here) this.tell([seat], sitDownFrame(user, index, way.is !== "offline"));
    this.sendAll(sitDownFrame(seat.user, seat.index, true));
  }

  /** Somebody is back on his seat (PROTOCOL §2.2). A session that held it hears that it was replaced. */
  comeBack(seat: Seat, gate: string, session: number, last: number): void {
    const isSame = seat.way.is !== "offline" && seat.way.gate === gate && seat.way.session === session;
    if (!isSame) this.tell([seat], disconnectFrame(DisconnectReason.REPLACED), outputFlags.ends);
    seat.way = { is: "online", gate, session, last, after: this.outbox.last };
    this.sendAll(onlineFrame(seat.user, true));
  }

  /** His client has dropped or stood up, and the seat is kept (PROTOCOL §2.3). */
  goOffline(seat: Seat): void {
    seat.way = { is: "offline" };
    this.sendAll(onlineFrame(seat.user, false));
  }

  /** The seat is free; those who remain hear it. */
  free(seat: Seat): void {
    if (this.occupants.of(seat.user) !== seat) return; // the game has sent him away itself
    this.occupants.remove(seat);
    this.sendAll(standUpFrame(seat.user));
    this.#options.onLeft(seat.user);
  }

  /** Everybody is out, with a Disconnect and no further word. */
  clear(reason: DisconnectReason): void {
    this.tell(this.occupants.all, disconnectFrame(reason), outputFlags.ends);
    for (const seat of [...this.occupants.all]) {
      this.occupants.remove(seat);
      this.#options.onLeft(seat.user);
    }
    this.timers.stopAll();
  }

  /** A handler that threw has said nothing after output `number`; whom it had sent out hears Disconnect 1. */
  unsay(number: number): void {
    for (const { flags, to } of this.outbox.cutTo(number)) {
      if (flags & outputFlags.ends) this.outbox.put(outputFlags.ends, to, disconnectFrame(DisconnectReason.ROOM_DISSOLVED));
    }
  }

  /** Puts a frame into the outbox for the sessions of `seats`, those that are absent too: they may be taken up again. */
  tell(seats: readonly Seat[], frame: Frame, flags: number = outputFlags.none): void {
    const to: Record<string, number[]> = {};
    let isForNobody = true;
    for (const { way } of seats) {
      if (way.is === "offline") continue;
      isForNobody = false;
      const sessions = to[way.gate];
      if (sessions === undefined) to[way.gate] = [way.session];
      else sessions.push(way.session);
    }
    if (isForNobody) return;
    this.outbox.put(flags, to, frame);
    if (this.#log.isDebug) this.#log.debug("send", { "user.id": seats.map(({ user }) => user), ...frameFields(frame) });
  }

  get #log(): Log {
    return this.#options.log();
  }

  #move(seat: Seat, index: number): void {
    this.sendAll(standUpFrame(seat.user));
    this.occupants.move(seat, index);
    this.sendAll(sitDownFrame(seat.user, index, seat.way.is !== "offline"));
  }
}
