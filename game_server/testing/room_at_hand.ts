/**
 * `croupier/testing`: one room and its game without any server. Users sit, speak and leave by a call, time
 * moves by a call, and what each session hears is a list of lines.
 */
import type { Exit } from "#game_server/exit.ts";
import type { Game } from "#game_server/game.ts";
import { emptyOutbox } from "#game_server/outbox.ts";
import { type Attached, Room, type RoomHost } from "#game_server/room.ts";
import { RoomCounts } from "#game_server/room_counts.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import type { Frame } from "#protocol/frame.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { type Log, type LogEvent, type LogFields, silentLog } from "#runtime/log.ts";
import { readableBy } from "./readable.ts";

export interface RoomAtHandOptions {
  playing?: number;
  options?: string;
  development?: boolean;
  watchersMax?: number;
  holdMs?: number;
  log?: Log;
  /** Frames as lines; by default those of the game's protocol and the system's. */
  readable?: (frame: Frame) => string;
}

/** A session of a user as the room knows it. */
interface Seated {
  readonly session: number;
  number: number;
}

export class RoomAtHand implements RoomHost, Exit {
  /** How often the room asked to be written down. */
  touches = 0;
  readonly gate = "00000000000000f1";
  readonly isUp = true;
  readonly confirmsAtOnce = false;
  readonly clock = new ManualClock();
  readonly log: Log;
  readonly development: boolean;
  readonly watchersMax: number;
  readonly holdMs: number;
  isDraining = false;
  isDissolving = false;
  isStalled = false;
  readonly counts = new RoomCounts();
  /** Outputs are confirmed as soon as they are heard, unless a test wants to do that itself. */
  confirms = true;
  readonly refusals: number[] = [];
  readonly acked = new Map<number, number>();
  /** Users who hold a seat no more, in order. */
  readonly gone: number[] = [];
  readonly #game: Game<unknown>;
  readonly #readable: (frame: Frame) => string;
  readonly #heard = new Map<number, string[]>();
  readonly #seated = new Map<number, Seated>();
  /** Gives the last input of each user. */
  readonly #given = new Map<number, () => void>();
  #lastSession = 0;
  #lastOutput = 0;
  room: Room;

  constructor(game: Game<unknown>, options: RoomAtHandOptions = {}) {
    this.log = options.log ?? silentLog;
    this.development = options.development ?? true;
    this.watchersMax = options.watchersMax ?? 64;
    this.holdMs = options.holdMs ?? 105_000;
    this.#game = game;
    this.#readable = options.readable ?? readableBy(game.protocol);
    const value: RoomValue = {
      ...{
        game: game.name,
        room: "1",
        life: "00000000000000a1",
        owner: "0000000000000001",
        boot: 1,
        epoch: 1,
        openedAtMs: this.clock.wall(),
      },
      version: game.version,
      playing: game.seats ?? options.playing ?? 4,
      options: options.options ?? "",
      random: { key: "5eed", drawn: 0 },
      timers: {},
      seats: [],
      outbox: emptyOutbox(),
      lostGates: {},
      offer: "",
      isOver: false,
      state: undefined,
    };
    this.room = Room.open(value, game, this);
  }

  /** `user` sits down with a new session; gives the session's number. */
  sit(
    user: number,
    { seat = -1, watch = false, claims = {} }: { seat?: number; watch?: boolean; claims?: Record<string, unknown> } = {},
  ): number {
    const session = ++this.#lastSession;
    this.#seated.set(user, { session, number: 1 });
    this.room.arrive({ user, claims, session, number: 1, exit: this }, seat, watch);
    this.#release();
    return session;
  }

  /** `user`'s newest session sends a frame. */
  send(user: number, bytes: Frame): void {
    const { session, number } = this.#next(user);
    this.#give(user, () => this.room.input(this, session, number, bytes));
  }

  leave(user: number, how: "stand" | "drop"): void {
    const { session, number } = this.#next(user);
    this.#give(user, () => this.room.leave(this, session, number, how));
  }

  /** The way to `user` is cut by us. */
  cut(user: number): void {
    this.room.absent(this.gate, this.#of(user).session);
    this.#release();
  }

  dissolve(): void {
    this.room.dissolve();
    this.#release();
  }

  drain(): void {
    this.isDraining = true;
    this.room.settleDrain();
    this.#release();
  }

  advance(ms: number): void {
    this.clock.advanceAtOnce(ms);
    this.#release();
  }

  /** The server stops, another one goes on with what was written down, and the gate attaches with everybody it has. */
  restart(): void {
    const written = JSON.stringify(this.room.value);
    const attached = [...this.#seated].filter(([user]) => this.#isOnline(user));
    this.room.stop();
    this.room = Room.restore(JSON.parse(written) as RoomValue, this.#game, this);
    this.attach(attached.map(([user]) => user));
  }

  /** The gate attaches with the newest sessions of these users, and hears what it missed. */
  attach(users: readonly number[]): Attached {
    const claimants = users.map((user) => ({ user, session: this.#of(user).session, acked: 0 }));
    const attached = this.room.attach(this, this.#lastOutput, claimants);
    for (const { number, flags, sessions, frame: bytes } of attached.missed) this.output(this.room.life, number, flags, sessions, bytes);
    this.#release();
    return attached;
  }

  /** The link to the gate is lost. */
  loseGate(): void {
    this.room.detach(this);
    this.#release();
  }

  /** What `user`'s newest session has heard since it was asked last. */
  heard(user: number): string[] {
    return this.heardBy(this.#of(user).session);
  }

  heardBy(session: number): string[] {
    const lines = this.#heard.get(session) ?? [];
    this.#heard.set(session, []);
    return lines;
  }

  /** Forgets what everybody has heard so far. */
  hush(): void {
    this.#heard.clear();
  }

  get state(): unknown {
    return this.room.value.state;
  }

  #of(user: number): Seated {
    const seated = this.#seated.get(user);
    if (seated === undefined) throw new Error(`user ${user} never sat`);
    return seated;
  }

  /** `user`'s newest session, about to give its next input. */
  #next(user: number): Seated {
    const seated = this.#of(user);
    seated.number += 1;
    return { ...seated };
  }

  #give(user: number, input: () => void): void {
    this.#given.set(user, input);
    input();
    this.#release();
  }

  #isOnline(user: number): boolean {
    return this.room.value.seats.some((seat) => seat.user === user && seat.way.is === "online");
  }

  #release(): void {
    this.room.release(
      (_exit, { number, flags, sessions, frame: bytes }) => this.output(this.room.life, number, flags, sessions, bytes),
      (_exit, session, number) => this.ack(session, number),
    );
    if (this.confirms) this.room.confirm(this.gate, this.#lastOutput);
  }

  // Exit

  output(_life: string, number: number, _flags: number, sessions: readonly number[], bytes: Frame): void {
    this.#lastOutput = number;
    for (const session of sessions) this.#heard.set(session, [...(this.#heard.get(session) ?? []), this.#readable(bytes)]);
  }

  ack(session: number, number: number): void {
    this.acked.set(session, number);
  }

  moved(): void {}

  /** As a gate does: what may not have been applied is given again. */
  again(): void {
    for (const input of this.#given.values()) input();
  }

  flush(): void {}

  // RoomHost

  watch(_room: Room, _handler: string, act: () => void): void {
    act();
  }

  touched(): void {
    this.touches += 1;
  }

  refused({ refusal }: { refusal: { code: number } }): void {
    this.refusals.push(refusal.code);
  }

  logComing(log: Log, ...[event, , who]: [event: LogEvent, user: number, who: LogFields]): void {
    log.info(event, who);
  }

  left(_room: Room, user: number): void {
    this.gone.push(user);
  }

  over(): void {}

  done(): void {}

  printServer(): string {
    return "the server";
  }
}
