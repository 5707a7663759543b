/**
 * A seat that was asked for: taken again after every new connection and every Disconnect 0, until the room ends, another
 * connection takes it, the game frees it, or the player leaves.
 *
 *     wanted ──SitDown, Online──> taken ──StandUp──> risen ──SitDown──> taken (another seat)
 *       ↑  └─ a refusal that stays ──> over             └─ nothing follows ──> over
 *       └─ connection lost, Disconnect 0 ── taken ── Disconnect 1 or 2, leave ──> over
 */
import { decode, encode, type Frame, frame } from "#protocol/frame.ts";
import { Command, DisconnectReason, Int32Schema, Int64Schema, SitDownRequestSchema, UserSchema } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import { jitter } from "./backoff.ts";
import { refusalIn } from "./errors.ts";
import type { OutsideBecause } from "./states.ts";

/** Who moves to another seat stands up and sits down in one breath. */
const breathMs = 500;

/** Refusals of a sit after which the same sit may succeed; all others stay, those of newer servers too. */
const retryable: ReadonlySet<number> = new Set(
  [refusals.fail, refusals.draining, refusals.roomFull, refusals.tryAgain, refusals.limit].map(({ code }) => code),
);

/** The metadata of a SitDownRequest (PROTOCOL §1.3). */
export type SitMetadata = Readonly<Record<string, string>> & { readonly game_name: string };

export interface SeatListener {
  /** `isKept`: it is the one from before. */
  onTaken(isKept: boolean): void;
  /** It is asked for again in `delayMs`. */
  onWaiting(because: "refused" | "room lost", attempt: number, delayMs: number): void;
  onOver(because: OutsideBecause): void;
}

/** What a seat needs of the connection. */
export interface SeatWay {
  readonly user: bigint;
  send(frame: Frame): boolean;
  /** Also where the way is stuck. */
  sendAnyway(frame: Frame): boolean;
}

type Timer = ReturnType<typeof setTimeout>;

type Stage =
  | { readonly is: "wanted"; readonly attempt: number; readonly timer?: Timer; readonly asked?: SitMetadata }
  | { readonly is: "taken" }
  | { readonly is: "risen"; readonly timer: Timer }
  | { readonly is: "over" };

export class Seat {
  readonly #way: SeatWay;
  readonly #listener: SeatListener;
  #metadata: SitMetadata;
  #stage: Stage = { is: "wanted", attempt: 0 };
  /** The seat was there before it was asked for here: it may be in another room (PROTOCOL §2.2). */
  #isLed = true;

  constructor(way: SeatWay, metadata: SitMetadata, listener: SeatListener) {
    this.#way = way;
    this.#metadata = metadata;
    this.#listener = listener;
  }

  get isWanted(): boolean {
    return this.#stage.is === "wanted";
  }

  /** Wanted, and not asked for yet, or not again: nothing that comes is about it. */
  get isDeaf(): boolean {
    return this.#stage.is === "wanted" && this.#stage.asked === undefined;
  }

  get isTaken(): boolean {
    return this.#stage.is === "taken";
  }

  get isOver(): boolean {
    return this.#stage.is === "over";
  }

  /** There is a connection: the seat is asked for. */
  ask(): void {
    if (this.#stage.is !== "wanted") return;
    this.#enter({ is: "wanted", attempt: this.#stage.attempt, asked: this.#metadata });
    this.#send(this.#metadata);
  }

  /** Asks a room that one is in, or as soon as one is: for the scene, or for another seat. */
  askAgain(seat: number | undefined): void {
    const { watch: _, ...metadata } = this.#metadata;
    if (seat !== undefined) this.#metadata = { ...metadata, seat: String(seat) };
    if (this.#stage.is === "taken") this.#askHere(seat);
  }

  /** The connection is lost. */
  lost(): void {
    if (this.#stage.is === "risen") this.end("stood up");
    else if (this.#stage.is !== "over") this.#enter({ is: "wanted", attempt: 0 });
  }

  leave(): void {
    if (this.#stage.is !== "over" && !this.isDeaf) this.#way.sendAnyway(frame(Command.STAND_UP));
    this.end("left");
  }

  end(because: OutsideBecause): void {
    if (this.#stage.is === "over") return;
    this.#enter({ is: "over" });
    this.#listener.onOver(because);
  }

  hear(command: number, body: Uint8Array): void {
    if (command === Command.SIT_DOWN) this.#onSitDown(decode(UserSchema, body).id, false);
    else if (command === Command.ONLINE) this.#onSitDown(decode(Int64Schema, body).v, true);
    else if (command === Command.STAND_UP) this.#onStandUp(decode(Int64Schema, body).v);
    else if (command === Command.DISCONNECT) this.#onDisconnect(decode(Int32Schema, body).v);
    else if (command === Command.ERROR) this.#onRefused(refusalIn(command, body));
  }

  #onSitDown(user: bigint, isKept: boolean): void {
    if (user !== this.#way.user || this.#stage.is === "over" || this.#stage.is === "taken") return;
    const before = this.#stage;
    this.#enter({ is: "taken" });
    if (before.is !== "wanted") return;
    const isAnotherWanted = before.asked !== this.#metadata; // it has been asked for meanwhile
    if (this.#metadata["mode"] === "create") this.#metadata = { ...this.#metadata, mode: "any" }; // it is there now
    this.#isLed &&= isKept;
    if (isAnotherWanted) this.#askHere(this.#metadata["seat"]);
    this.#listener.onTaken(isKept);
  }

  #onStandUp(user: bigint): void {
    if (user !== this.#way.user || this.#stage.is !== "taken") return;
    this.#enter({ is: "risen", timer: setTimeout(() => this.end("stood up"), breathMs) });
  }

  #onDisconnect(reason: number): void {
    if (reason === DisconnectReason.RETRY) this.#askLater("room lost", 0);
    else this.end(reason === DisconnectReason.REPLACED ? "replaced" : "room over");
  }

  #onRefused(code: number): void {
    if (this.#stage.is !== "wanted") return;
    if (retryable.has(code)) this.#askLater("refused", this.#stage.attempt + 1);
    else this.end("refused");
  }

  #askLater(because: "refused" | "room lost", attempt: number): void {
    if (this.#stage.is === "over") return;
    const delayMs = jitter(attempt);
    this.#enter({ is: "wanted", attempt, timer: setTimeout(() => this.ask(), delayMs) });
    this.#listener.onWaiting(because, attempt, delayMs);
  }

  /** In the room where one is, which may be another than the one that was asked for: for a seat, or for the scene alone (PROTOCOL §3.6). */
  #askHere(seat: number | string | undefined): void {
    const { game_name, room_id } = this.#metadata;
    const room = this.#isLed || room_id === undefined ? {} : { room_id };
    this.#send({ game_name, ...room, ...(seat === undefined ? { watch: "true" } : { seat: String(seat) }) });
  }

  #send(metadata: SitMetadata): void {
    this.#way.sendAnyway(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata }));
  }

  #enter(stage: Stage): void {
    if ("timer" in this.#stage) clearTimeout(this.#stage.timer);
    this.#stage = stage;
  }
}
