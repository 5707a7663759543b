/**
 * The client library, in browsers and in Node alike: one player's connection that comes back by itself, and one room at a
 * time, typed by the description of its game.
 *
 *     const client = connect({ url: "wss://play.example", getToken });
 *     const room = client.sit(dice, { room: "1" });
 *     room.on("shaken", ({ userId, dicePoints }) => …);
 *     room.send("shake");
 */
import { bodyOf, commandOf, frame } from "#protocol/frame.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { Connection, type ConnectionOptions } from "./client/connection.ts";
import { Emitter, type Unsubscribe } from "./client/emitter.ts";
import { CroupierError } from "./client/errors.ts";
import { Leaving } from "./client/leaving.ts";
import { type Notice, Notices } from "./client/notices.ts";
import { keptMessagesMax, Outbox } from "./client/outbox.ts";
import { type MatchOptions, metadataOf, type Room, RoomAtClient, type SitOptions } from "./client/room.ts";
import type { SitMetadata } from "./client/seat.ts";
import { type BackFrom, type ClientState, isInRoom, type OutsideBecause } from "./client/states.ts";

export {
  type BodyOf,
  defineGame,
  type FieldsOf,
  type GameProtocol,
  type GameRefusals,
  type MessageKind,
  type MessageKinds,
} from "#protocol/game_protocol.ts";
export type { Refusal, RefusalName } from "#protocol/refusals.ts";
export type { ConnectionOptions } from "./client/connection.ts";
export type { Unsubscribe } from "./client/emitter.ts";
export { CroupierError, type CroupierErrorInit, type ErrorCode, type OwnErrorCode } from "./client/errors.ts";
export type { Notice, NoticeReason } from "./client/notices.ts";
export type { Sent } from "./client/outbox.ts";
export type { Player } from "./client/players.ts";
export type { MatchOptions, RefusalsOf, Room, RoomEvents, SitOptions } from "./client/room.ts";
export {
  type Back,
  type BackFrom,
  type BackFromMove,
  type ClientState,
  type Connecting,
  type ConnectingBecause,
  type Gone,
  type GoneBecause,
  isConnected,
  isInRoom,
  type Moving,
  type Outside,
  type OutsideBecause,
  type Paused,
  type Seated,
} from "./client/states.ts";
export type { GetToken } from "./client/token.ts";

/** Where to connect, and as whom. */
export interface ConnectOptions extends ConnectionOptions {
  /** Messages kept while there is no way to the room; 0: none. 16 KB at most, however many. */
  readonly queueMessagesMax?: number;
}

/** What a client says, by name. */
export interface ClientEvents {
  /** Every change of `client.state`. */
  state: [state: ClientState];
  /** A notice, each time it is said. */
  notice: [notice: Notice];
  /** Those in force, with the time they have left: at each change, and each second. */
  notices: [notices: readonly Notice[]];
  /** For tools: every frame, after it was taken in, but for the answers to what the library asks of itself. */
  frame: [command: number, body: Uint8Array];
}

/** Begins to connect. */
export function connect(options: ConnectOptions): Client {
  return new Client(options);
}

/** Notices of a room, which go with it. */
const roomNotices = ["drain", "move", "held"] as const;

/** One player's connection, from `connect` until `close`; it comes back by itself. */
export class Client {
  readonly #connection: Connection;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #notices: Notices;
  readonly #queueMessagesMax: number;
  readonly #leaving = new Leaving((bytes) => this.#connection.sendAnyway(bytes));
  #room: RoomAtClient<GameProtocol> | undefined;
  #state: ClientState = { is: "connecting", because: "start", attempt: 1, delayMs: 0, detail: "" };
  #awaySinceMs = performance.now();

  /** Use `connect`. */
  constructor({ queueMessagesMax = keptMessagesMax, ...options }: ConnectOptions) {
    this.#queueMessagesMax = queueMessagesMax;
    this.#notices = new Notices({
      onCount: () => this.#emitter.emit("notices", this.notices),
      onLapsed: (reason) => {
        if (reason === "move" && this.#state.is === "moving") this.#back("stay");
      },
    });
    this.#connection = new Connection(options, {
      onAttempt: (state) => this.#connectionOnLost(state),
      onOpen: () => {
        this.#leaving.forget();
        this.#sitDown();
      },
      onFrame: (bytes) => this.#hear(commandOf(bytes), bodyOf(bytes)),
      onGone: (state) => this.#connectionOnGone(state),
    });
    queueMicrotask(() => this.#connection.open()); // whoever listens by then hears of it
  }

  /** What it is doing. */
  get state(): ClientState {
    return this.#state;
  }

  /** The id in the token; 0 before the first token is there. */
  get user(): bigint {
    return this.#connection.user;
  }

  /** Notices in force, with the time they have left. */
  get notices(): readonly Notice[] {
    return this.#notices.list;
  }

  /** Listens until the returned function is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (...said: ClientEvents[Name]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  /**
   * Sits down in a room, now or as soon as there is a connection, and keeps the seat. Who has a seat in a room already is
   * led to that one.
   * @throws {CroupierError} `inAnotherRoom`: leave that one first.
   */
  sit<Game extends GameProtocol>(game: Game, options: SitOptions): Room<Game> {
    return this.#take(game, metadataOf(game.name, options));
  }

  /**
   * Sits down in any room of the game with a free seat and the same options, or in a new one.
   * @throws {CroupierError} `inAnotherRoom`: leave that one first.
   */
  match<Game extends GameProtocol>(game: Game, options: MatchOptions = {}): Room<Game> {
    return this.#take(game, metadataOf(game.name, options));
  }

  /** For tools: a frame of any command, now or not at all. */
  send(command: number, body?: Uint8Array): "sent" | "dropped" {
    return this.#connection.send(frame(command, body)) ? "sent" : "dropped";
  }

  /** Goes, politely and for good; resolves when the connection is closed. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  #take<Game extends GameProtocol>(game: Game, metadata: SitMetadata): Room<Game> {
    if (this.#room !== undefined) throw new CroupierError("inAnotherRoom");
    const room: RoomAtClient<Game> = new RoomAtClient(game, metadata, this.#connection, new Outbox(this.#queueMessagesMax), {
      onTaken: (isKept) => (isKept ? this.#back("reconnect") : this.#enter({ is: "seated" })),
      onWaiting: (because, attempt, delayMs, detail) => {
        if (because === "room lost") this.#notices.takeBack(...roomNotices);
        this.#enter({ is: "connecting", because, attempt: attempt + 1, delayMs, detail });
      },
      onOver: (because, error) => this.#roomOnOver(because, error),
    });
    this.#room = room as unknown as RoomAtClient<GameProtocol>;
    if (this.#state.is === "gone") room.end("no room");
    else if (this.#connection.isOpen) this.#sitDown();
    return room;
  }

  #roomOnOver(because: OutsideBecause, error: CroupierError | undefined): void {
    this.#room = undefined;
    if (because === "left") this.#leaving.left();
    this.#notices.takeBack(...roomNotices);
    if (this.#connection.isOpen) this.#enter({ is: "outside", because, ...(error === undefined ? {} : { error }) });
  }

  /** There is a connection, and perhaps a room to ask for. */
  #sitDown(): void {
    const room = this.#room;
    if (room === undefined) return this.#enter({ is: "outside", because: "no room" });
    this.#enter({ is: "connecting", because: "sit", attempt: 1, delayMs: 0, detail: "" });
    if (this.#room === room) this.#leaving.settle(() => room.connected()); // unless a listener has left it
  }

  #connectionOnLost(state: ClientState): void {
    this.#notices.clear();
    this.#leaving.forget();
    this.#room?.disconnected();
    this.#enter(state);
  }

  #connectionOnGone(state: ClientState): void {
    this.#notices.clear();
    this.#leaving.forget();
    this.#room?.end("no room");
    this.#enter(state);
  }

  #hear(command: number, body: Uint8Array): void {
    if (this.#leaving.hear(command, body)) return;
    try {
      if (command === Command.NOTICE) this.#hearNotice(body);
      else this.#room?.hear(command, body);
    } finally {
      this.#emitter.emit("frame", command, body);
    }
  }

  #hearNotice(body: Uint8Array): void {
    const notice = this.#notices.hear(body);
    this.#emitter.emit("notice", notice);
    if (!isInRoom(this.#state)) return;
    if (notice.reason === "resumed") this.#back(this.#state.is === "paused" ? "pause" : "move");
    else if (notice.reason === "held") {
      this.#notices.takeBack("move");
      this.#enter({ is: "paused", deadlineMs: notice.leftMs });
    } else if (notice.reason === "move" && this.#state.is !== "moving" && this.#state.is !== "paused") this.#enter({ is: "moving" });
  }

  #back(from: BackFrom): void {
    const wasAway = from !== "move" && from !== "stay";
    this.#enter(wasAway ? { is: "back", from, awayMs: performance.now() - this.#awaySinceMs } : { is: "back", from });
  }

  #enter(state: ClientState): void {
    if (this.#state.is === "seated" || this.#state.is === "back") this.#awaySinceMs = performance.now();
    this.#state = state;
    this.#emitter.emit("state", state);
  }
}
