/**
 * One player's WebSocket: whole frames in, whole frames out, and every way of ending it.
 * It knows sizes, rates and close codes; what a frame means is the session's business.
 *
 * Frames sent during a turn leave as one write at its end, past ws, which would write each with a header of its own: what
 * is written here is whole messages, and ws writes nothing but pings, pongs and its close frame. A reader too slow for its
 * queue is cut, not waited for (P7).
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { type CloseCodeName, closeCodes } from "#protocol/close_codes.ts";
import { commandBytes, type Frame, frameBytesMax } from "#protocol/frame.ts";
import type { Clock } from "#runtime/clock.ts";
import { messageOf } from "./message.ts";

/** ws closes by itself, too, when a client says that he goes or breaks the protocol: what was said before goes first. */
class ClosingWebSocket extends WebSocket {
  beforeClose = (): void => {};

  override close(code?: number, data?: string | Buffer): void {
    this.beforeClose();
    super.close(code, data);
  }
}

/** Options of the WebSocket server: limits that ws enforces, with the close codes of PROTOCOL §1.5. */
export const playerWebSocketOptions = {
  WebSocket: ClosingWebSocket,
  /** A longer message is closed with 1009 at its header. */
  maxPayload: frameBytesMax,
  /** Nobody has a reason to cut 32 KB into more pieces; more: 1008. */
  maxFragments: 16,
  perMessageDeflate: false,
  /** Text is refused with 1003, valid or not. */
  skipUTF8Validation: true,
  /** How long a client may take to answer our close frame before it is cut. */
  closeTimeout: 1000,
} as const;

/** What one turn may say beyond the queue's limit: a scene for each of many who come at once. */
const turnBytesMax = 1024 * 1024;

/** How a socket ended: a row of the close table, or without a close frame. */
export type SocketEnd = CloseCodeName | "slow" | "left";

export interface SocketListener {
  onFrame(frame: Frame): void;
  /** Called once, as soon as no more frames will be read. */
  onEnd(end: SocketEnd, code: number): void;
}

/** What all sockets of a listener share. */
export interface SocketShare {
  readonly clock: Clock;
  readonly queueBytesMax: number;
  readonly flusher: Flusher;
}

/** The sockets that were written to in this turn, and the last frame as a message: one that goes to many is made once. */
export class Flusher {
  readonly #clock: Clock;
  #sockets: PlayerSocket[] = [];
  #frame: Frame | undefined;
  #message: Uint8Array = new Uint8Array(0);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(socket: PlayerSocket): void {
    if (this.#sockets.length === 0) this.#clock.turnEnd(() => this.#flush());
    this.#sockets.push(socket);
  }

  message(frame: Frame): Uint8Array {
    if (frame !== this.#frame) {
      this.#frame = frame;
      this.#message = messageOf(frame);
    }
    return this.#message;
  }

  #flush(): void {
    const sockets = this.#sockets;
    this.#sockets = [];
    this.#frame = undefined; // it may be a view of a large batch
    for (const socket of sockets) socket.flush();
  }
}

type Reading = { is: "reading" } | { is: "paused" } | { is: "ended" };

export class PlayerSocket {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #share: SocketShare;
  #listener: SocketListener | undefined;
  #reading: Reading = { is: "reading" };
  /** Messages of this turn. */
  #said: Uint8Array[] = [];
  #saidBytes = 0;
  /** What earlier turns had left unsent when this one began to say something. */
  #queuedBytes = 0;
  #heardAtMs: number;

  constructor(socket: WebSocket, stream: Duplex, share: SocketShare) {
    this.#socket = socket;
    this.#stream = stream;
    this.#share = share;
    this.#heardAtMs = share.clock.now();
    if (socket instanceof ClosingWebSocket) socket.beforeClose = () => this.flush();
    stream.prependListener("end", () => this.flush()); // ws ends it then; whoever has said his last may still listen
    socket.on("error", (error: NodeJS.ErrnoException) => this.#socketOnError(error));
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#socketOnMessage(data, isBinary));
    socket.on("pong", () => this.#socketOnPong());
    socket.once("close", (code: number) => this.#end("left", code));
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  /** When the client last proved that it is there, on the monotonic clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  get isPaused(): boolean {
    return this.#reading.is === "paused";
  }

  send(frame: Frame): void {
    if (this.#reading.is === "ended") return;
    if (this.#said.length === 0) this.#beginTurn();
    if (this.#isTooSlow()) {
      this.#said = [];
      this.#end("slow", 1006);
      this.#socket.terminate();
      return;
    }
    const message = this.#share.flusher.message(frame);
    this.#said.push(message);
    this.#saidBytes += message.length;
  }

  ping(): void {
    this.#socket.ping();
  }

  /** Sends what this turn has said so far. */
  flush(): void {
    const said = this.#said;
    if (said.length === 0) return;
    this.#said = [];
    this.#saidBytes = 0;
    if (this.#socket.readyState !== WebSocket.OPEN) return; // behind a close frame nothing is said
    this.#stream.write(this.#stream.writableLength > 0 ? ownBytes(said) : oneBuffer(said));
  }

  /** Stops reading; what was read already may still arrive. */
  pause(): void {
    if (this.#reading.is !== "reading") return;
    this.#reading = { is: "paused" };
    this.#socket.pause();
  }

  resume(): void {
    if (this.#reading.is !== "paused") return;
    this.#reading = { is: "reading" };
    this.#heardAtMs = this.#share.clock.now(); // a socket that is not read cannot be heard
    this.#socket.resume();
  }

  /** Closes with a row of the table; a client that does not answer is cut soon after. */
  close(name: CloseCodeName): void {
    if (this.#reading.is === "ended") return;
    const { code, reason } = closeCodes[name];
    if (this.#reading.is === "paused") this.#socket.resume(); // to hear the answer
    this.flush();
    this.#end(name, code);
    this.#socket.close(code, reason);
  }

  /** Judged by what earlier turns left: what one turn says has had no time to leave. */
  #isTooSlow(): boolean {
    const { queueBytesMax } = this.#share;
    return this.#queuedBytes > queueBytesMax || this.#stream.writableLength + this.#saidBytes > queueBytesMax + turnBytesMax;
  }

  #beginTurn(): void {
    this.#queuedBytes = this.#stream.writableLength;
    this.#share.flusher.add(this);
  }

  #end(end: SocketEnd, code: number): void {
    if (this.#reading.is === "ended") return;
    this.#reading = { is: "ended" };
    this.#listener?.onEnd(end, code);
  }

  #socketOnMessage(data: Buffer, isBinary: boolean): void {
    if (this.#reading.is === "ended") return;
    if (!isBinary) this.close("textMessage");
    else if (data.length < commandBytes) this.close("protocolError");
    else this.#listener?.onFrame(data);
  }

  /** A bad frame: ws has sent the close frame already. */
  #socketOnError(error: NodeJS.ErrnoException): void {
    const name = endOf(error);
    this.#end(name, closeCodes[name].code);
  }

  #socketOnPong(): void {
    this.#heardAtMs = this.#share.clock.now();
  }
}

function oneBuffer(said: readonly Uint8Array[]): Uint8Array {
  return said.length === 1 ? (said[0] as Uint8Array) : Buffer.concat(said);
}

/** The same for a reader who is behind: what waits for him as a piece of a shared slab would keep all of that alive. */
function ownBytes(said: readonly Uint8Array[]): Uint8Array {
  const own = Buffer.allocUnsafeSlow(said.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const message of said) {
    own.set(message, at);
    at += message.length;
  }
  return own;
}

/** Frames that are none: ws names the fault and answers with the code of its row. */
function endOf(error: NodeJS.ErrnoException): CloseCodeName {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "tooLarge";
  if (error.code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") return "fragments";
  return "protocolError";
}
