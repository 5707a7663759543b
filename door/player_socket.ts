/**
 * One player's WebSocket: whole frames in, whole frames out, and every way of ending it.
 * It knows sizes, rates and close codes; what a frame means is the session's business.
 *
 * Frames sent during a turn are corked and leave as one write at its end. A reader too slow
 * for its queue is cut, not waited for (P7).
 */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { type CloseCodeName, closeCodes } from "#protocol/close_codes.ts";
import { commandBytes, type Frame, frameBytesMax, ownFrame } from "#protocol/frame.ts";
import type { Clock } from "#runtime/clock.ts";

/** Options of the WebSocket server: limits that ws enforces, with the close codes of PROTOCOL §1.5. */
export const playerWebSocketOptions = {
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

/** The sockets that were written to in this turn. */
export class Flusher {
  readonly #clock: Clock;
  #sockets: PlayerSocket[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(socket: PlayerSocket): void {
    if (this.#sockets.length === 0) this.#clock.turnEnd(() => this.#flush());
    this.#sockets.push(socket);
  }

  #flush(): void {
    const sockets = this.#sockets;
    this.#sockets = [];
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
  #corked = false;
  /** What earlier turns had left unsent when this one began to say something. */
  #queuedBytes = 0;
  #heardAtMs: number;

  constructor(socket: WebSocket, stream: Duplex, share: SocketShare) {
    this.#socket = socket;
    this.#stream = stream;
    this.#share = share;
    this.#heardAtMs = share.clock.now();
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
    this.#cork();
    if (this.#isTooSlow()) {
      this.#end("slow", 1006);
      this.#socket.terminate();
      return;
    }
    this.#socket.send(this.#queuedBytes === 0 ? frame : ownFrame(frame));
  }

  ping(): void {
    this.#cork();
    this.#socket.ping();
  }

  /** Sends what this turn has written. */
  flush(): void {
    this.#corked = false;
    this.#stream.uncork();
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
    this.#end(name, code);
    this.#socket.close(code, reason);
  }

  /** Judged by what earlier turns left: what one turn says has had no time to leave. */
  #isTooSlow(): boolean {
    const { queueBytesMax } = this.#share;
    return this.#queuedBytes > queueBytesMax || this.#stream.writableLength > queueBytesMax + turnBytesMax;
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#queuedBytes = this.#stream.writableLength;
    this.#stream.cork();
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

/** Frames that are none: ws names the fault and answers with the code of its row. */
function endOf(error: NodeJS.ErrnoException): CloseCodeName {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return "tooLarge";
  if (error.code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") return "fragments";
  return "protocolError";
}
