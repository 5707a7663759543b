/**
 * One player's connection, kept up: it comes back by itself, with back-off and full jitter, obeys the close codes, asks for a
 * token before every attempt and for a fresh one before the last expires. It knows no room.
 *
 *     waiting ──> asking for a token ──> opening ──> open ──closed──> waiting
 *        └───────────────┴──────────────────┴─────────┴─ close(), or a code that says not to come back ──> closing ──> gone
 */
import { type Advice, adviceFor, type CloseCodeName, type closeCodes } from "#protocol/close_codes.ts";
import { commandBytes, type Frame } from "#protocol/frame.ts";
import { Refused } from "#protocol/refusals.ts";
import { backoffMsExtra, jitter } from "./backoff.ts";
import { guarded } from "./emitter.ts";
import { Renewal } from "./renewal.ts";
import type { Connecting, ConnectingBecause, Gone, GoneBecause } from "./states.ts";
import { askFor, type GetToken, readToken } from "./token.ts";

/** A connection that is not open, or not closed, by then is given up. */
const connectTimeoutMs = 10_000;
const closeTimeoutMs = 3000;
/** More than a restart takes. */
const firstPatienceMsByDefault = 60_000;
/** After so long a silence the server is asked for a sign; it answers by then, or the connection is dead though nobody said so. */
const silenceMsMax = 45_000;
/** Together they are more than HOLD usually is: while a room is held and enough of its player's inputs wait, a gate does not read them. */
const signTimeoutMs = 60_000;
/** A connection that lasted so long was a success: attempts are counted anew. */
const steadyMs = 5000;
/** Unsent bytes on an open connection beyond which nothing is added: the way is stuck. */
const unsentBytesMax = 262_144;
/** How a client finds its way in. */
export interface ConnectionOptions {
  /** Of a gate, such as `wss://play.example`. */
  readonly url: string;
  /** Called before every connection, and before the last token expires. */
  readonly getToken: GetToken;
  /** Milliseconds after which a client that has never been let in gives up: the address or the token is wrong. Left out: a minute. */
  readonly firstPatienceMs?: number;
}

export interface ConnectionListener {
  onAttempt(state: Connecting): void;
  onOpen(): void;
  /** A whole frame, but for the answers to new tokens. What it throws as `Refused` is passed over. */
  onFrame(frame: Frame): void;
  onGone(state: Gone): void;
}

/** Codes that have a reason of their own here, as the table has them: with its words, a page would load half a kilobyte more. */
const closed = { bye: 1000, goingAway: 1001, restart: 1012, tokenExpired: 4401 } as const satisfies {
  readonly [Name in CloseCodeName]?: (typeof closeCodes)[Name]["code"];
};

type Timer = ReturnType<typeof setTimeout>;

interface Open {
  readonly is: "open";
  readonly socket: WebSocket;
  readonly token: string;
  readonly sinceMs: number;
  readonly renewal: Renewal;
  /** Until the next frame. */
  timer?: Timer;
}

type Stage =
  | { readonly is: "waiting"; readonly timer?: Timer }
  | { readonly is: "asking" }
  | { readonly is: "opening"; readonly socket: WebSocket; readonly token: string; readonly timer: Timer }
  | Open
  | { readonly is: "closing"; readonly socket: WebSocket; readonly timer: Timer }
  | { readonly is: "gone" };

export class Connection {
  readonly #url: string;
  readonly #getToken: GetToken;
  readonly #firstPatienceMs: number;
  readonly #listener: ConnectionListener;
  readonly #closed = Promise.withResolvers<void>();
  #stage: Stage = { is: "waiting" };
  #user = 0n;
  #attempt = 0;
  /** Since the last success, like attempts: the first one has no wait. */
  #losses = 0;
  #hasBeenIn = false;
  /** Since when nobody lets it in, with tokens to show. */
  #shutOutSinceMs: number | undefined;
  /** A token that has expired: there is no use in showing it again. */
  #expired: string | undefined;

  constructor({ url, getToken, firstPatienceMs = firstPatienceMsByDefault }: ConnectionOptions, listener: ConnectionListener) {
    this.#url = url;
    this.#getToken = getToken;
    this.#firstPatienceMs = firstPatienceMs;
    this.#listener = listener;
  }

  /** The id in the token; 0 before there is one. */
  get user(): bigint {
    return this.#user;
  }

  get isOpen(): boolean {
    return this.#stage.is === "open";
  }

  /** The first attempt, unless it was closed before. */
  open(): void {
    if (this.#stage.is === "waiting") this.#wait("start", 0, "");
  }

  /** False: there is no connection, or too much is unsent on it, and nothing was sent. */
  send(frame: Frame): boolean {
    if (this.#stage.is !== "open" || this.#stage.socket.bufferedAmount > unsentBytesMax) return false;
    return this.sendAnyway(frame);
  }

  /** The few frames of our own, which must not be lost while the way is stuck. False: there is no connection. */
  sendAnyway(frame: Frame): boolean {
    if (this.#stage.is !== "open" || this.#stage.socket.readyState !== WebSocket.OPEN) return false;
    this.#stage.socket.send(frame as Uint8Array<ArrayBuffer>);
    return true;
  }

  /** Goes, politely and for good; resolves when the socket is closed, or left to itself. */
  close(): Promise<void> {
    const stage = this.#stage;
    if (stage.is === "closing" || stage.is === "gone") return this.#closed.promise;
    this.#clearTimers();
    if ("socket" in stage) {
      this.#stage = {
        is: "closing",
        socket: stage.socket,
        timer: setTimeout(() => this.#abandon(stage.socket, "no answer"), closeTimeoutMs),
      };
      stage.socket.close(1000);
    } else this.#gone();
    this.#listener.onGone({ is: "gone", because: "closed", code: closed.bye, detail: "bye" });
    return this.#closed.promise;
  }

  async #connect(): Promise<void> {
    const asking: Stage = { is: "asking" };
    this.#stage = asking;
    try {
      const token = await askFor(this.#getToken);
      if (this.#stage !== asking) return;
      this.#user = readToken(token).user;
      if (token === this.#expired) throw new Error("the token has expired");
      this.#dial(token);
    } catch (thrown) {
      if (this.#stage === asking) this.#again("no token", wordsOf(thrown));
    }
  }

  #dial(token: string): void {
    this.#shutOutSinceMs ??= performance.now();
    try {
      this.#listen(new WebSocket(this.#url, ["bearer", token]), token);
    } catch (thrown) {
      const isForGood = thrown instanceof Error && thrown.name === "SyntaxError"; // the URL is none, or the token's text cannot be sent
      if (isForGood) this.#goneBecause("never let in", 1006, wordsOf(thrown));
      else this.#again("lost", wordsOf(thrown));
    }
  }

  #listen(socket: WebSocket, token: string): void {
    this.#stage = { is: "opening", socket, token, timer: setTimeout(() => this.#abandon(socket, "no answer"), connectTimeoutMs) };
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#socketOnOpen(socket, token);
    socket.onmessage = ({ data }) => guarded(() => this.#socketOnMessage(data));
    socket.onerror = () => this.#socketOnError(socket);
    socket.onclose = ({ code, reason }) => this.#socketOnClose(code, reason);
  }

  /** The other end neither opens nor closes: the socket is left to itself. */
  #abandon(socket: WebSocket, reason: string): void {
    socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
    socket.close();
    this.#socketOnClose(1006, reason);
  }

  #socketOnOpen(socket: WebSocket, token: string): void {
    if (this.#stage.is !== "opening") return;
    this.#clearTimers();
    this.#hasBeenIn = true;
    const renewal = new Renewal(token, this.#getToken, (frame) => this.sendAnyway(frame));
    this.#stage = { is: "open", socket, token, sinceMs: performance.now(), renewal };
    this.#heard(this.#stage);
    this.#listener.onOpen();
  }

  /** A server's pings are not to be seen here: that the way is whole is known by frames alone. */
  #heard(open: Open): void {
    clearTimeout(open.timer);
    open.timer = setTimeout(() => {
      open.renewal.ask();
      open.timer = setTimeout(() => this.#abandon(open.socket, "no answer"), signTimeoutMs);
    }, silenceMsMax);
  }

  /** Of a connection that is refused Node 22 says this, and no close. */
  #socketOnError(socket: WebSocket): void {
    if (this.#stage.is !== "open") this.#abandon(socket, "");
  }

  #socketOnMessage(data: string | ArrayBuffer): void {
    if (this.#stage.is !== "open") return;
    this.#heard(this.#stage);
    if (typeof data === "string" || data.byteLength < commandBytes) return;
    try {
      for (const frame of this.#stage.renewal.sift(new Uint8Array(data))) this.#listener.onFrame(frame);
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown; // no such message: of a newer server, or broken
    }
  }

  #socketOnClose(code: number, reason: string): void {
    const stage = this.#stage;
    this.#clearTimers();
    if (stage.is === "closing") return this.#gone();
    if (hasExpired(stage, code)) this.#expired = stage.token;
    if (stage.is === "open" && performance.now() - stage.sinceMs >= steadyMs) this.#attempt = this.#losses = 0;
    const detail = reason || `closed with ${code}`;
    const advice = adviceFor(code);
    if (advice === "stay away" || advice === "fix the client") return this.#goneBecause(goneBecause(code, advice), code, detail);
    this.#again(connectingBecause(code, advice), detail, advice === "back off" ? backoffMsExtra : 0);
  }

  #again(because: ConnectingBecause, detail: string, extraMs = 0): void {
    if (because === "no token") this.#shutOutSinceMs = undefined;
    const shutOutMs = performance.now() - (this.#shutOutSinceMs ?? performance.now());
    if (!this.#hasBeenIn && shutOutMs >= this.#firstPatienceMs) return this.#goneBecause("never let in", 1006, detail);
    this.#wait(because, jitter(this.#losses++) + extraMs, detail);
  }

  #wait(because: ConnectingBecause, delayMs: number, detail: string): void {
    this.#attempt += 1;
    this.#stage = { is: "waiting", timer: setTimeout(() => void this.#connect(), delayMs) };
    this.#listener.onAttempt({ is: "connecting", because, attempt: this.#attempt, delayMs, detail });
  }

  #goneBecause(because: GoneBecause, code: number, detail: string): void {
    this.#gone();
    this.#listener.onGone({ is: "gone", because, code, detail });
  }

  #gone(): void {
    this.#stage = { is: "gone" };
    this.#closed.resolve();
  }

  #clearTimers(): void {
    const stage = this.#stage;
    if ("timer" in stage) clearTimeout(stage.timer);
    if (stage.is === "open") stage.renewal.end();
  }
}

/** Whether the server says so, or the token itself where it was not let in: by a clock that is ahead each token is shown once. */
function hasExpired(stage: Stage, code: number): stage is Extract<Stage, { token: string }> {
  if (stage.is === "open") return code === closed.tokenExpired;
  return stage.is === "opening" && Number(readToken(stage.token).expiresAtMs) <= Date.now(); // NaN, where it does not expire
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function goneBecause(code: number, advice: Advice): GoneBecause {
  if (code === closed.bye) return "closed";
  return advice === "stay away" ? "removed" : "rejected";
}

function connectingBecause(code: number, advice: Advice): ConnectingBecause {
  if (advice === "back off") return "try later";
  if (code === closed.tokenExpired) return "token expired";
  return code === closed.restart || code === closed.goingAway ? "restart" : "lost";
}
