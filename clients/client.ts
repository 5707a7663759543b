/**
 * The client library: one player's connection, kept up. It connects, sits down, sends and
 * hears frames, and comes back by itself, with back-off and full jitter, obeying the close
 * codes. A seat that was asked for is taken again after every reconnect and every
 * Disconnect 0, until the room ends, another connection takes it, or the player leaves.
 *
 *     connecting ──open──> connected ──closed──> waiting ──> connecting
 *                              │ close(), or a code that says not to come back
 *                              └──> closing ──> closed
 *
 * It runs in browsers and in Node alike: the WebSocket is the platform's own.
 */
import { adviceFor } from "#protocol/close_codes.ts";
import { bodyOf, commandOf, decode, encode, type Frame, frame } from "#protocol/frame.ts";
import {
  Command,
  DisconnectReason,
  ErrorResponseSchema,
  Int32Schema,
  Int64Schema,
  SitDownRequestSchema,
  UserSchema,
} from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";

const backoffMsMin = 250;
const backoffMsMax = 10_000;
/** A connection that is not open, or not closed, by then is given up. */
const connectTimeoutMs = 10_000;
const closeTimeoutMs = 3000;
/** A client that has never been let in gives up after so many attempts: the address or the token is wrong. */
const firstAttemptsMax = 5;

export type ClientState =
  | { readonly is: "connecting"; readonly attempt: number }
  | { readonly is: "connected" }
  | { readonly is: "waiting"; readonly delayMs: number; readonly because: string }
  | { readonly is: "closing" }
  | { readonly is: "closed"; readonly code: number; readonly reason: string };

/** What to sit down to: the metadata of a SitDownRequest (PROTOCOL §1). */
export type SitMetadata = Readonly<Record<string, string>> & { readonly game_name: string };

export interface ClientOptions {
  /** Such as `ws://127.0.0.1:60006`. */
  url: string;
  /** A token, or how to get a fresh one: asked for before every connection. */
  token: string | (() => Promise<string>);
  onFrame(command: number, body: Uint8Array): void;
  onState?(state: ClientState): void;
}

type Seat =
  | { readonly is: "none" }
  | { readonly is: "wanted"; readonly metadata: SitMetadata; readonly attempt: number }
  | { readonly is: "taken"; readonly metadata: SitMetadata }
  /** Stood up by the room: for good, unless a SitDown to another index follows (PROTOCOL §2.7). */
  | { readonly is: "risen"; readonly metadata: SitMetadata };

/** Refusals of a sit after which the same sit may succeed. */
const retryable: ReadonlySet<number> = new Set(
  [refusals.fail, refusals.draining, refusals.roomFull, refusals.tryAgain, refusals.limit].map(({ code }) => code),
);
/** Refusals of a sit that stay. */
const final: ReadonlySet<number> = new Set(
  [refusals.inAnotherRoom, refusals.badRequest, refusals.notAllowed, refusals.noSuchRoom, refusals.unknownGame].map(({ code }) => code),
);

export class Client {
  readonly #options: ClientOptions;
  #state: ClientState = { is: "connecting", attempt: 0 };
  #socket: WebSocket | undefined;
  #seat: Seat = { is: "none" };
  #user = 0;
  #attempt = 0;
  #hasBeenIn = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Until the socket opens, and until it closes. */
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    void this.#connect();
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The id in the token; 0 before the first token is there. */
  get user(): number {
    return this.#user;
  }

  get isSeated(): boolean {
    return this.#seat.is === "taken";
  }

  /**
   * Takes a seat, now or as soon as there is a connection, and keeps it. Who has one asks his room again: for the
   * scene, or for a seat instead of watching; for another room he must leave first.
   */
  sit(metadata: SitMetadata): void {
    if (this.#seat.is === "taken") {
      if (isSameRoom(this.#seat.metadata, metadata)) this.#seat = { is: "taken", metadata };
      this.#sendSit(metadata);
      return;
    }
    this.#seat = { is: "wanted", metadata, attempt: 0 };
    this.#askForSeat();
  }

  /** Stands up. */
  leave(): void {
    this.#seat = { is: "none" };
    this.#send(frame(Command.STAND_UP));
  }

  /** Sends a command. False: there is no connection, and nothing was sent. */
  send(command: number, body?: Uint8Array): boolean {
    return this.#send(frame(command, body));
  }

  /** Goes, politely and for good. */
  close(): void {
    if (this.#state.is === "closing" || this.#state.is === "closed") return;
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    this.#enter({ is: "closing" });
    const socket = this.#socket;
    if (socket === undefined) return this.#enter({ is: "closed", code: 1000, reason: "bye" });
    socket.close(1000);
    this.#patience = setTimeout(() => this.#giveUp(socket), closeTimeoutMs);
  }

  async #connect(): Promise<void> {
    this.#attempt += 1;
    this.#enter({ is: "connecting", attempt: this.#attempt });
    try {
      const { token, url } = this.#options;
      const fresh = typeof token === "string" ? token : await token();
      this.#user = userOf(fresh);
      if (this.#state.is !== "connecting") return;
      this.#listen(new WebSocket(url, ["bearer", fresh]));
    } catch (thrown) {
      this.#comeBack(1006, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #listen(socket: WebSocket): void {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    this.#patience = setTimeout(() => this.#giveUp(socket), connectTimeoutMs);
    socket.onopen = () => this.#socketOnOpen();
    socket.onmessage = ({ data }) => this.#socketOnFrame(new Uint8Array(data as ArrayBuffer));
    socket.onclose = ({ code, reason }) => this.#socketOnClose(code, reason);
  }

  /** The other end neither opens nor closes: the socket is left to itself. */
  #giveUp(socket: WebSocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socketOnClose(1006, "no answer");
  }

  #socketOnOpen(): void {
    clearTimeout(this.#patience);
    this.#attempt = 0;
    this.#hasBeenIn = true;
    this.#enter({ is: "connected" });
    if (this.#seat.is === "risen") this.#seat = { is: "none" };
    if (this.#seat.is !== "none") this.#seat = { is: "wanted", metadata: this.#seat.metadata, attempt: 0 };
    this.#askForSeat();
  }

  #socketOnFrame(bytes: Frame): void {
    const [command, body] = [commandOf(bytes), bodyOf(bytes)];
    if (command === Command.SIT_DOWN) this.#onSeated(Number(decode(UserSchema, body).id));
    else if (command === Command.ONLINE) this.#onSeated(Number(decode(Int64Schema, body).v));
    else if (command === Command.STAND_UP) this.#onStoodUp(Number(decode(Int64Schema, body).v));
    else if (command === Command.DISCONNECT) this.#onDisconnect(decode(Int32Schema, body).v);
    else if (command === Command.ERROR) this.#onRefused(decode(ErrorResponseSchema, body).code);
    this.#options.onFrame(command, body);
  }

  #onSeated(user: number): void {
    if (user !== this.#user || this.#seat.is === "none") return;
    this.#seat = { is: "taken", metadata: this.#seat.metadata };
  }

  #onStoodUp(user: number): void {
    if (user === this.#user && this.#seat.is === "taken") this.#seat = { is: "risen", metadata: this.#seat.metadata };
  }

  #onDisconnect(reason: number): void {
    if (this.#seat.is === "none") return;
    if (reason !== DisconnectReason.RETRY) this.#seat = { is: "none" };
    else this.#askLater(this.#seat.metadata, 0);
  }

  #onRefused(code: number): void {
    if (this.#seat.is !== "wanted") return;
    if (final.has(code)) this.#seat = { is: "none" };
    else if (retryable.has(code)) this.#askLater(this.#seat.metadata, this.#seat.attempt + 1);
  }

  #askForSeat(): void {
    if (this.#seat.is === "wanted") this.#sendSit(this.#seat.metadata);
  }

  #sendSit(metadata: SitMetadata): void {
    this.#send(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata }));
  }

  #askLater(metadata: SitMetadata, attempt: number): void {
    this.#seat = { is: "wanted", metadata, attempt };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#askForSeat(), jitter(attempt));
  }

  #socketOnClose(code: number, reason: string): void {
    this.#socket = undefined;
    clearTimeout(this.#patience);
    if (this.#state.is === "closing") this.#enter({ is: "closed", code: 1000, reason: "bye" });
    else this.#comeBack(code, reason);
  }

  #comeBack(code: number, reason: string): void {
    if (this.#state.is === "closing" || this.#state.is === "closed") return;
    const advice = adviceFor(code);
    const isHopeless = !this.#hasBeenIn && this.#attempt >= firstAttemptsMax;
    if (isHopeless || advice === "stay away" || advice === "fix the client") return this.#enter({ is: "closed", code, reason });
    const delayMs = jitter(this.#attempt) + (advice === "back off" ? backoffMsMax / 2 : 0);
    this.#enter({ is: "waiting", delayMs, because: reason || `closed with ${code}` });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), delayMs);
  }

  #send(bytes: Frame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    return true;
  }

  #enter(state: ClientState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}

/** Whether a sit is for the room that the seat is in, as far as its metadata tells. */
function isSameRoom(seat: SitMetadata, sit: SitMetadata): boolean {
  return seat.game_name === sit.game_name && seat["room_id"] === sit["room_id"];
}

/** Full jitter: anywhere from 0 to a bound that doubles with each attempt. */
function jitter(attempt: number): number {
  return Math.random() * Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempt, 10));
}

/** The numeric id in a token's payload; the server checks it, the client only needs to know itself. */
function userOf(token: string): number {
  const payload = token.split(".")[1] ?? "";
  const { id } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { id?: unknown };
  return typeof id === "number" ? id : 0;
}
