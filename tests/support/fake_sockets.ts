/**
 * The world of a client without a network: WebSockets whose other end a test plays by hand, time that it moves, and chance
 * that it holds. Tokens are fresh, of user 1, unless it says otherwise.
 */

import type { TestContext } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { bodyOf, commandOf, decode, type Frame } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { onlineFrame, sitDownFrame } from "#protocol/system_frames.ts";

/** Time passes in steps, small ones where little of it does. */
const stepMsMin = 10;
const stepsMax = 4000;
const startMs = 1_700_000_000_000;

/** What a client uses of a WebSocket, and the hands of the other end, which says something that means nothing now and then. */
export class FakeSocket {
  static readonly OPEN = 1;
  readonly url: string;
  readonly protocols: readonly string[];
  readonly sent: Frame[] = [];
  readyState = 0;
  bufferedAmount = 0;
  /** Nothing comes any more, and nobody says so. */
  isDead = false;
  binaryType = "";
  /** The code of its own close. */
  closedWith: number | undefined;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(frame: Frame): void {
    this.sent.push(frame);
  }

  close(code = 1005): void {
    this.closedWith = code;
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  say(...frames: readonly Frame[]): void {
    for (const frame of frames) this.onmessage?.({ data: new Uint8Array(frame).buffer });
  }

  /** It is refused as Node 22 says it: no close follows. */
  refuse(): void {
    this.readyState = 3;
    this.onerror?.();
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** The commands that were sent and not looked at yet. */
  take(): number[] {
    return this.sent.splice(0).map(commandOf);
  }

  /** The metadata of the sits that were sent. */
  get sits(): Record<string, string>[] {
    const sits = this.sent.filter((frame) => commandOf(frame) === Command.SIT_DOWN);
    return sits.map((frame) => decode(SitDownRequestSchema, bodyOf(frame)).metadata);
  }
}

export class FakeWorld {
  readonly sockets: FakeSocket[] = [];
  /** What getToken gives: the token's payload. */
  payload: Readonly<Record<string, unknown>> = { id: 1 };
  tokens = 0;
  /** What Math.random gives, in [0, 1): how much of its bound every wait takes. */
  chance = 0.5;
  #nowMs = 0;
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    const { sockets } = this;
    class Made extends FakeSocket {
      constructor(url: string, protocols: readonly string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    }
    const real = globalThis.WebSocket;
    globalThis.WebSocket = Made as unknown as typeof WebSocket;
    t.after(() => {
      globalThis.WebSocket = real;
    });
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: startMs });
    t.mock.method(performance, "now", () => this.#nowMs);
    t.mock.method(Math, "random", () => this.chance);
  }

  readonly getToken = (): string => {
    this.tokens += 1;
    return `head.${btoa(JSON.stringify({ ...this.payload, nonce: this.tokens }))}.signature`;
  };

  /** The time as a token writes it. */
  get nowSeconds(): number {
    return (startMs + this.#nowMs) / 1000;
  }

  /** The newest. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody has connected");
    return socket;
  }

  async pass(ms: number): Promise<void> {
    const stepMs = Math.max(stepMsMin, ms / stepsMax);
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) await this.#step(Math.min(stepMs, ms - passedMs));
  }

  /** What waits for nothing but its turn. */
  async settle(): Promise<void> {
    await immediate();
    await this.#step(1);
  }

  async #step(ms: number): Promise<void> {
    for (const socket of this.sockets) if (socket.readyState === FakeSocket.OPEN && !socket.isDead) socket.say(new Uint8Array(0));
    this.#nowMs += ms;
    this.#t.mock.timers.tick(ms);
    await immediate(); // a token is on its way
  }

  /** The newest connection is made. */
  async open(): Promise<FakeSocket> {
    await this.settle();
    this.socket.open();
    return this.socket;
  }

  /** It is made, and the seat that was asked for is given: a new one, or the one that was kept. */
  async seat({ isKept = false }: { isKept?: boolean } = {}): Promise<FakeSocket> {
    const socket = await this.open();
    socket.say(isKept ? onlineFrame(1, true) : sitDownFrame(1, 0, true));
    return socket;
  }
}
