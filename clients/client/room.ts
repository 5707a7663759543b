/** A room as a player has it: what he says, what he hears, and who is there, typed by the game's description. */
import { decode, encode, type Frame, frame, frameBytesMax } from "#protocol/frame.ts";
import type { BodyOf, FieldsOf, GameProtocol, MessageKind } from "#protocol/game_protocol.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import { CroupierError, type ErrorCode, readError, refusalIn } from "./errors.ts";
import type { Outbox, Sent } from "./outbox.ts";
import { type Player, Players } from "./players.ts";
import { Seat, type SeatListener, type SeatWay, type SitMetadata } from "./seat.ts";
import type { OutsideBecause } from "./states.ts";

/** How a seat is found in any room. */
export interface MatchOptions {
  /** The index asked for; taken or left out: the lowest free one. */
  readonly seat?: number;
  /** A watcher's place instead. */
  readonly watch?: boolean;
  /** JSON of at most 1 KB: what the game is told when the room opens, and what a match compares. `private: true` keeps it out of lists. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Which room, and how a seat is found in it. */
export interface SitOptions extends MatchOptions {
  /** Decimal, from 1 to 2^63−1. */
  readonly room: string;
  /** `join`: only if it is there; `create`: only if it is not; left out: either. */
  readonly mode?: "any" | "join" | "create";
}

/** The names of a game's refusals. */
export type RefusalsOf<Game extends GameProtocol> = keyof Game["refusals"] & string;

/** What a room says, by name: the game's events, and these three of every room. */
export type RoomEvents<Game extends GameProtocol> = {
  [Name in keyof Game["events"] & string]: [message: BodyOf<Game["events"][Name]>];
} & {
  /** Somebody came, went, or is on or off line; all who are there. */
  players: [players: readonly Player[]];
  /** A message, or the sit, was refused. */
  refused: [error: CroupierError<ErrorCode<RefusalsOf<Game>>>];
  /** The dump that `print` asked for. */
  print: [text: string];
};

/** A room from a sit until it is over, through whatever befalls the connection. */
export interface Room<Game extends GameProtocol> {
  /** What is played. */
  readonly game: Game;
  /**
   * Who is there, by ascending seat. After a new connection that led back to a kept seat it is what was known before: the
   * room does not say it again.
   */
  readonly players: readonly Player[];
  /** This client's own seat; undefined: none now, or the room has not said which. */
  readonly seat: number | undefined;
  /** Nothing comes from this room any more: `client.state` has said why, unless the connection was lost just then. */
  readonly isOver: boolean;

  /** Listens until the returned function is called. */
  on<Name extends keyof RoomEvents<Game> & string>(name: Name, listener: (...said: RoomEvents<Game>[Name]) => void): Unsubscribe;

  /**
   * Says a command of the game.
   * @throws {CroupierError} `tooLarge`.
   */
  send<Name extends keyof Game["commands"] & string>(name: Name, ...fields: FieldsOf<Game["commands"][Name]>): Sent;

  /** Asks for the scene again. With a seat: a watcher moves to it, or to another one if it is taken (−1: to any). */
  sit(seat?: number): void;

  /** Asks for a readable dump of the room, in development only: `print`, or `refused`. */
  print(): Sent;

  /** Stands up. The game may keep the seat for who comes back. */
  leave(): void;
}

export interface RoomListener extends Omit<SeatListener, "onWaiting"> {
  onWaiting(because: "refused" | "room lost", attempt: number, delayMs: number, detail: string): void;
  onOver(because: OutsideBecause, error?: CroupierError): void;
}

/** The room's other side, which the client hands what it hears. */
export class RoomAtClient<Game extends GameProtocol> implements Room<Game> {
  readonly game: Game;
  readonly #way: SeatWay;
  readonly #seat: Seat;
  readonly #players = new Players();
  readonly #emitter = new Emitter<Record<string, unknown[]>>();
  readonly #events: ReadonlyMap<number, readonly [name: string, kind: MessageKind]>;
  readonly #outbox: Outbox;
  readonly #listener: RoomListener;
  #refusal: CroupierError | undefined;
  /** Who is there is told anew: at a sit that leads to no kept seat. */
  #isNew = true;

  constructor(game: Game, metadata: SitMetadata, way: SeatWay, outbox: Outbox, listener: RoomListener) {
    this.game = game;
    this.#way = way;
    this.#outbox = outbox;
    this.#listener = listener;
    this.#events = new Map(Object.entries(game.events).map(([name, kind]) => [kind[0], [name, kind]]));
    this.#seat = new Seat(way, metadata, {
      onTaken: (isKept) => this.#seatOnTaken(isKept),
      onWaiting: (because, attempt, delayMs) => this.#seatOnWaiting(because, attempt, delayMs),
      onOver: (because) => this.#seatOnOver(because),
    });
  }

  get players(): readonly Player[] {
    return this.#players.list;
  }

  get seat(): number | undefined {
    return this.#seat.isTaken ? this.#players.of(this.#way.user)?.seat : undefined;
  }

  get isOver(): boolean {
    return this.#seat.isOver;
  }

  on<Name extends keyof RoomEvents<Game> & string>(name: Name, listener: (...said: RoomEvents<Game>[Name]) => void): Unsubscribe {
    return this.#emitter.on(name, listener as (...said: unknown[]) => void);
  }

  send<Name extends keyof Game["commands"] & string>(name: Name, ...[fields]: FieldsOf<Game["commands"][Name]>): Sent {
    const [command, schema] = this.game.commands[name] as MessageKind;
    return this.#send(schema === undefined ? frame(command) : encode(command, schema, fields ?? {}));
  }

  sit(seat?: number): void {
    this.#seat.askAgain(seat);
  }

  print(): Sent {
    return this.#send(frame(Command.PRINT));
  }

  leave(): void {
    this.#seat.leave();
  }

  // The client's side.

  /** There is a connection. */
  connected(): void {
    this.#seat.ask();
  }

  disconnected(): void {
    this.#isNew = true;
    this.#seat.lost();
  }

  end(because: OutsideBecause): void {
    this.#seat.end(because);
  }

  hear(command: number, body: Uint8Array): void {
    if (this.#seat.isDeaf || (this.#seat.isWanted && refusalIn(command, body) === refusals.notInARoom.code)) return; // of a room that was left
    if (command === Command.SIT_DOWN && this.#isNew) this.#players.clear();
    if (command === Command.SIT_DOWN || command === Command.ONLINE) this.#isNew = false;
    const isOfPlayers = this.#players.hear(command, body);
    if (command === Command.ERROR) this.#refusal = readError(body, this.game.refusals);
    this.#seat.hear(command, body);
    if (isOfPlayers) this.#emitter.emit("players", this.players);
    else if (command === Command.ERROR) this.#emitter.emit("refused", this.#refusal);
    else if (command === Command.PRINT) this.#emitter.emit("print", decode(StringSchema, body).v);
    else this.#hearGame(command, body);
  }

  #hearGame(command: number, body: Uint8Array): void {
    const event = this.#events.get(command);
    if (event === undefined || this.#seat.isWanted) return; // of another room, or of a newer release
    const [name, [, schema]] = event;
    this.#emitter.emit(name, schema === undefined ? undefined : decode(schema, body));
  }

  #send(bytes: Frame): Sent {
    if (bytes.length > frameBytesMax) throw new CroupierError("tooLarge", { words: `a frame of ${bytes.length} bytes` });
    if (this.isOver) return "dropped";
    if (!this.#seat.isWanted) return this.#way.send(bytes) ? "sent" : "dropped";
    return this.#outbox.add(bytes) ? "queued" : "dropped";
  }

  #seatOnTaken(isKept: boolean): void {
    this.#refusal = undefined;
    this.#outbox.flush((bytes) => this.#way.sendAnyway(bytes));
    this.#listener.onTaken(isKept);
  }

  #seatOnWaiting(because: "refused" | "room lost", attempt: number, delayMs: number): void {
    if (because === "room lost") this.#isNew = true;
    this.#listener.onWaiting(because, attempt, delayMs, because === "refused" ? (this.#refusal?.message ?? "") : "");
  }

  #seatOnOver(because: OutsideBecause): void {
    this.#outbox.clear();
    this.#listener.onOver(because, because === "refused" ? this.#refusal : undefined);
  }
}

/** The metadata of a SitDownRequest. */
export function metadataOf(game: string, { seat, watch, options, room, mode }: MatchOptions & Partial<SitOptions>): SitMetadata {
  return {
    game_name: game,
    ...(room === undefined ? {} : { room_id: room }),
    ...(seat === undefined ? {} : { seat: String(seat) }),
    ...(watch === true ? { watch: "true" } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(options === undefined ? {} : { options: JSON.stringify(options) }),
  };
}
