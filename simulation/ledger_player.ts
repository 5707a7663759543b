/**
 * A player of the ledger, over a simulated connection or a real one: sits down at a ledger, writes entries, stands up, breaks its connection,
 * comes back, sits down from a second connection, goes silent; and tells the verdict
 * everything it sends and hears.
 */
import { bodyOf, commandOf, decode, encode, type Frame, frame } from "#protocol/frame.ts";
import {
  Command,
  type ErrorResponse,
  ErrorResponseSchema,
  Int32Schema,
  Int64Schema,
  SitDownRequestSchema,
  UserSchema,
} from "#protocol/gen/frame_pb.ts";
import type { Chance } from "./chance.ts";
import { type BookNotice, type EventNotice, Command as Ledger, type Receipt, readNotice } from "./ledger.ts";
import type { Line, LineBody, Verdict } from "./verdict.ts";

/** Means of what a client does, in milliseconds. */
const entryEveryMs = 400;
const whimEveryMs = 6000;
const comeBackMs = 700;
const sitAgainMs = 400;
const muteMs = 4000;
/** Too many at once, so that inputs wait. */
const burst = 8;

/** A client's end of its connection. */
export interface ClientListener {
  onFrame(frame: Frame): void;
  /** By the client itself, with the gate's process, or by the gate. */
  onClose(code: number, by: "client" | "crash" | "gate"): void;
}

export interface ClientSocket {
  /** Nothing passes any more, and nobody knows. */
  isMute: boolean;
  write(frame: Frame): void;
  leave(code: number): void;
}

/** Time, virtual or real. */
interface Timeline {
  readonly now: number;
  after(delayMs: number, run: () => void): unknown;
}

interface ClientOptions {
  scheduler: Timeline;
  chance: Chance;
  verdict: Pick<Verdict, "add">;
  /** Names of rooms a client may ask for; "" = any. */
  rooms: readonly string[];
  connect(user: number, listener: ClientListener): ClientSocket | undefined;
  nextConnection(): number;
}

export class LedgerPlayer {
  readonly user: number;
  readonly #options: ClientOptions;
  #connection: ClientConnection | undefined;
  #tokens = 0;
  #mood: "whims" | "stays" | "calm" = "whims";

  constructor(user: number, options: ClientOptions) {
    this.user = user;
    this.#options = options;
    this.#comeBack();
    this.#plan(whimEveryMs, () => this.#onWhim());
    this.#plan(entryEveryMs, () => this.#write(this.#options.chance.happens(0.03) ? burst : 1));
  }

  /** Whether it has a seat. */
  get isSeated(): boolean {
    return this.#connection?.isSeated ?? false;
  }

  /** What it is doing, for a person who looks for why it has no seat. */
  get plight(): string {
    return `user ${this.user}: ${this.#connection?.plight ?? "no connection"}`;
  }

  /** From now on it writes, and does nothing else. */
  stay(): void {
    this.#mood = "stays";
  }

  /** From now on it is only there, and comes back when it must. */
  calm(): void {
    this.#mood = "calm";
    if (this.#connection?.isMute) this.#drop(1006);
  }

  nextToken(): string {
    this.#tokens += 1;
    return `${this.user}.${this.#tokens}`;
  }

  /** Does something again and again, at random times, until it is calm. */
  #plan(meanMs: number, act: () => void): void {
    this.#options.scheduler.after(this.#options.chance.about(meanMs), () => {
      if (this.#mood === "calm") return;
      act();
      this.#plan(meanMs, act);
    });
  }

  #onWhim(): void {
    if (this.#mood === "stays") return;
    const { chance } = this.#options;
    const whim = chance.fraction();
    if (whim < 0.3) this.#connection?.stand();
    else if (whim < 0.6) this.#drop(chance.happens(0.5) ? 1000 : 1006);
    else if (whim < 0.75)
      this.#connect(); // the first connection is left as it is
    else if (whim < 0.8) this.#goMute();
    else this.#connection?.sitAgain();
  }

  /** Half open: nothing passes, and only the gate's heartbeat finds out. */
  #goMute(): void {
    const { scheduler, chance } = this.#options;
    const connection = this.#connection;
    connection?.goMute();
    scheduler.after(chance.about(muteMs), () => {
      if (connection !== undefined && this.#connection === connection) this.#drop(1006);
    });
  }

  #write(count: number): void {
    for (let at = 0; at < count; at++) this.#connection?.write();
  }

  #drop(code: number): void {
    this.#connection?.leave(code);
    this.#comeBack();
  }

  #comeBack(): void {
    this.#connection = undefined;
    this.#options.scheduler.after(this.#options.chance.about(comeBackMs), () => {
      if (this.#connection === undefined) this.#connect();
    });
  }

  #connect(): void {
    const { connect, nextConnection } = this.#options;
    const connection = new ClientConnection(this, nextConnection(), this.#options);
    const socket = connect(this.user, {
      onFrame: (bytes) => connection.onFrame(bytes),
      onClose: (code, by) => {
        connection.tell({ is: "closed", code, by });
        if (this.#connection === connection) this.#comeBack();
      },
    });
    if (socket === undefined) return this.#comeBack();
    this.#connection?.abandon();
    this.#connection = connection;
    connection.open(socket);
  }
}

class ClientConnection {
  readonly #client: LedgerPlayer;
  readonly #id: number;
  readonly #options: ClientOptions;
  #socket: ClientSocket | undefined;
  #stage: "idle" | "asking" | "seated" | "abandoned" = "idle";
  #room = "";
  /** Asked for the book once more: until it comes a stand would be hard to tell from it. */
  #isAskingAgain = false;
  #lastHeard = "nothing";
  /** Who has just risen: if he sits down at once, he has only moved. */
  #risen: number | undefined;

  constructor(client: LedgerPlayer, id: number, options: ClientOptions) {
    this.#client = client;
    this.#id = id;
    this.#options = options;
  }

  get isSeated(): boolean {
    return this.#stage === "seated";
  }

  get isMute(): boolean {
    return this.#socket?.isMute ?? false;
  }

  get plight(): string {
    return `connection ${this.#id} ${this.#stage} for room "${this.#room}", last heard: ${this.#lastHeard}`;
  }

  open(socket: ClientSocket): void {
    this.#socket = socket;
    this.#room = this.#options.chance.pick(this.#options.rooms);
    this.#sit();
  }

  /** A newer connection of this client takes over: this one only listens, and closes by and by. */
  abandon(): void {
    this.#stage = "abandoned";
    this.#options.scheduler.after(this.#options.chance.about(3000), () => this.#socket?.leave(1000));
  }

  leave(code: number): void {
    this.#socket?.leave(code);
  }

  goMute(): void {
    if (this.#socket === undefined) return;
    this.tell({ is: "left", how: "drop" });
    this.#stage = "abandoned";
    this.#socket.isMute = true;
  }

  write(): void {
    if (!this.isSeated) return;
    const token = this.#client.nextToken();
    this.tell({ is: "sent", token });
    this.#socket?.write(frame(Ledger.ENTRY, new TextEncoder().encode(token)));
  }

  sitAgain(): void {
    if (!this.isSeated) return;
    this.#isAskingAgain = true;
    this.#sendSit();
  }

  stand(): void {
    if (!this.isSeated || this.#isAskingAgain) return;
    this.tell({ is: "left", how: "stand" });
    this.#socket?.write(frame(Command.STAND_UP));
    this.#stage = "idle";
    this.#room = this.#options.chance.pick(this.#options.rooms);
    this.#sitLater();
  }

  tell(line: LineBody): void {
    const { scheduler, verdict } = this.#options;
    verdict.add({ atMs: scheduler.now, connection: this.#id, user: this.#client.user, ...line } as Line);
  }

  onFrame(bytes: Frame): void {
    const [command, body] = [commandOf(bytes), bodyOf(bytes)];
    this.#lastHeard = `command ${command}`;
    const risen = this.#risen;
    this.#risen = undefined;
    const isMove = command === Command.SIT_DOWN && Number(decode(UserSchema, body).id) === risen;
    if (risen !== undefined && !isMove) this.#onGone(risen);
    if (command === Ledger.BOOK) this.#onBook(readNotice(body));
    else if (command === Ledger.EVENT) this.tell({ is: "event", notice: readNotice<EventNotice>(body) });
    else if (command === Ledger.RECEIPT) this.tell({ is: "receipt", receipt: readNotice<Receipt>(body) });
    else if (command === Command.ERROR) this.#onRefused(decode(ErrorResponseSchema, body));
    else if (command === Command.DISCONNECT) this.#onOut(decode(Int32Schema, body).v);
    else if (command === Command.STAND_UP) this.#risen = Number(decode(Int64Schema, body).v);
    else if (command === Command.ONLINE) this.#onOnline(Number(decode(Int64Schema, body).v));
  }

  #onBook(notice: BookNotice): void {
    this.tell({ is: "book", notice });
    this.#isAskingAgain = false;
    if (this.#stage !== "abandoned") this.#stage = "seated";
  }

  #onRefused({ code, desc, detail }: ErrorResponse): void {
    this.#lastHeard = `Error ${code} ${desc} ${detail}`;
    if (this.isSeated || this.#stage === "abandoned") return this.tell({ is: "refused", code });
    if (this.#stage === "asking") this.#sitLater();
  }

  #onOut(reason: number): void {
    this.tell({ is: "out", reason });
    if (this.#stage !== "abandoned") this.#sitLater();
  }

  #onOnline(user: number): void {
    if (user < 0) this.#onGone(-user);
  }

  #onGone(who: number): void {
    if (who !== this.#client.user) this.tell({ is: "gone", who });
  }

  #sit(): void {
    if (this.#stage === "abandoned") return;
    this.#stage = "asking";
    this.#sendSit();
  }

  #sendSit(): void {
    this.tell({ is: "asked" });
    const metadata: Record<string, string> = { game_name: "ledger" };
    if (this.#room !== "") metadata["room_id"] = this.#room;
    if (this.#options.chance.happens(0.1)) metadata["watch"] = "true";
    this.#socket?.write(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata }));
  }

  #sitLater(): void {
    this.#stage = "idle";
    this.#options.scheduler.after(this.#options.chance.about(sitAgainMs), () => {
      if (this.#stage === "idle") this.#sit();
    });
  }
}
