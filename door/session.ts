/**
 * One authenticated client connection: what it may say in which stage, in which order its
 * frames travel, and how it ends. It knows no room and no link; a `Seating` finds it a
 * place, a `Place` takes its inputs.
 *
 *             SitDown                entered
 *      idle ───────────> entering ────────────> seated
 *       ^ ^                 │                    │  │
 *       │ └── not entered ──┘   room over, lost  │  │ StandUp, client gone
 *       ├────────────────────────────────────────┘  v
 *       └───────────────── left ───────────────── leaving
 *
 * While entering or leaving, and while too many inputs are unacknowledged, frames wait in
 * order; a socket whose frames wait is not read. Inputs are numbered 1, 2, 3 … over the
 * session's life and kept until they are acknowledged, so that a place that lost some can be
 * given them again; a refusal that needs no room is given before numbering (P3).
 */
import type { CloseCodeName } from "#protocol/close_codes.ts";
import { bodyOf, commandOf, decode, type Frame, ownFrame } from "#protocol/frame.ts";
import { Command, type DisconnectReason, StringSchema } from "#protocol/gen/frame_pb.ts";
import { Refused, toRefused } from "#protocol/refusals.ts";
import { readSitDown, type SitRequest } from "#protocol/sit_down.ts";
import { disconnectFrame, errorFrame, tokenAcceptedFrame } from "#protocol/system_frames.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { nanoseconds, sessionFields } from "#runtime/log_fields.ts";
import { TokenBucket } from "#runtime/token_bucket.ts";
import { type Admission, type Identity, TokenRefused } from "./admission.ts";
import type { DoorCounts } from "./counts.ts";
import { KeysAway } from "./jwks.ts";
import type { SocketEnd, SocketListener } from "./player_socket.ts";
import type { RefusalLines } from "./refusal_lines.ts";

/** Inputs a room has not acknowledged: beyond either the socket is not read (P3, P7). */
export const unackedInputsMax = 256;
export const unackedBytesMax = 64 * 1024;

/** What a client may do that no honest one does: 20 at once, then one a second; more: close 1008. */
const strikesBurst = 20;
const strikesPerSecond = 1;

/** Messages over the rate that are refused, 50 at once, then one a second; more: close 4429. */
const excessBurst = 50;
const excessPerSecond = 1;

/** New tokens of one session that are judged at the same time; the keys of one may have to be read first. */
const renewalsMax = 4;

export type Left = "stand" | "drop";

/** What a session needs of its socket. */
export interface SessionSocket {
  readonly heardAtMs: number;
  readonly isPaused: boolean;
  listen(listener: SocketListener): void;
  send(frame: Frame): void;
  ping(): void;
  pause(): void;
  resume(): void;
  close(name: CloseCodeName): void;
}

/** Finds a session a place: calls `entered` or `notEntered` on it, with the sit's number, later or at once. */
export interface Seating {
  sit(session: Session, request: SitRequest, number: number): void;
}

/** What a place is called. */
export interface PlaceName {
  readonly game: string;
  readonly room: string;
  readonly life: string;
}

/** Where a seated session's inputs go. */
export interface Place {
  readonly name: PlaceName;
  /** Nothing can be applied now: inputs are refused instead of numbered. */
  readonly isStalled: boolean;
  input(session: Session, number: number, frame: Frame): void;
  /** The client itself has left; the place answers with an acknowledgement of `number`. */
  leave(session: Session, number: number, how: Left): void;
  /** We cut the session's way, not its client: the seat is kept. */
  absent(session: Session): void;
  /** The session is here no more. */
  gone(session: Session): void;
}

/** A frame that waits, and when it was read. */
interface Waiting {
  readonly frame: Frame;
  readonly atMs: number;
}

/** An input that is not acknowledged. */
interface Unacked {
  readonly number: number;
  /** When its frame was read. */
  readonly atMs: number;
  readonly what: Frame | Left | "sit";
}

type Stage =
  | { readonly is: "idle" }
  | { readonly is: "entering"; readonly number: number }
  | { readonly is: "seated"; readonly place: Place }
  | { readonly is: "leaving"; readonly place: Place; readonly number: number }
  | { readonly is: "gone" };

/** How the socket has ended: by its client's doing, or by ours (a gate that leaves). */
type Ended = { readonly by: "client" | "us" } | undefined;

/** What all sessions of a door share. */
export interface SessionShare {
  /** What sessions are called in the fleet: this and a number. */
  readonly boot: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly admission: Admission;
  readonly seating: Seating;
  readonly counts: DoorCounts;
  readonly refusalLines: RefusalLines;
  readonly development: boolean;
  readonly messagesPerSecond: number;
  readonly pongTimeoutMs: number;
  /** The session is over; nothing will be delivered to it any more. */
  onGone(session: Session): void;
}

export class Session {
  /** Counts the sessions of one boot from 1. */
  readonly id: number;
  readonly user: number;
  readonly claims: string;
  /** Where its client comes from, behind proxies that are trusted. */
  readonly address: string;
  /** Wall clock, milliseconds since 1970. */
  readonly openedAtWallMs: number;
  /** Its lines say whose session this is. */
  readonly log: Log;
  readonly #openedAtMs: number;
  readonly #socket: SessionSocket;
  readonly #share: SessionShare;
  readonly #rate: TokenBucket;
  readonly #excess: TokenBucket;
  readonly #strikes: TokenBucket;
  #stage: Stage = { is: "idle" };
  #ended: Ended;
  #expiresAtMs: number | undefined;
  #number = 0;
  #renewal: Promise<void> = Promise.resolve();
  #renewals = 0;
  #waiting: Waiting[] = [];
  /** Since when nobody reads the socket. */
  #unheardSinceMs: number | undefined;
  #unacked: Unacked[] = [];
  #unackedBytes = 0;

  constructor(id: number, identity: Identity, { socket, address }: { socket: SessionSocket; address: string }, share: SessionShare) {
    this.id = id;
    this.address = address;
    this.openedAtWallMs = share.clock.wall();
    this.user = identity.user;
    this.claims = identity.claims;
    this.log = share.log.with(sessionFields(share.boot, id, identity.user));
    this.#expiresAtMs = identity.expiresAtMs;
    this.#socket = socket;
    this.#share = share;
    const now = share.clock.now();
    this.#openedAtMs = now;
    this.#rate = new TokenBucket(share.messagesPerSecond, 2 * share.messagesPerSecond, now);
    this.#excess = new TokenBucket(excessPerSecond, excessBurst, now);
    this.#strikes = new TokenBucket(strikesPerSecond, strikesBurst, now);
    socket.listen({ onFrame: (frame) => this.#socketOnFrame(frame), onEnd: (end, code) => this.#socketOnEnd(end, code) });
  }

  get stage(): Stage["is"] {
    return this.#stage.is;
  }

  /** The room that it is in, or about to leave. */
  get place(): PlaceName | undefined {
    return "place" in this.#stage ? this.#stage.place.name : undefined;
  }

  /** Whether its client can still be told something: one that was closed may have to leave its room yet. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** The last input that is known to be applied. */
  get lastAcked(): number {
    return (this.#unacked[0]?.number ?? this.#number + 1) - 1;
  }

  /** Whether an input is not acknowledged yet. */
  get isWaiting(): boolean {
    return this.#unacked.length > 0;
  }

  get unacknowledged(): number {
    return this.#unacked.length;
  }

  /** Whether frames wait, and the socket is not read. */
  get isUnread(): boolean {
    return this.#waiting.length > 0;
  }

  /** Sends a frame to the client. */
  deliver(frame: Frame): void {
    this.#share.counts.framesOut += 1;
    this.#socket.send(frame);
  }

  /** The client did what no honest one does; too often, and it is closed. */
  strike(): void {
    if (!this.#strikes.take(this.#share.clock.now())) this.close("policy");
  }

  /** Ends the connection. All but a gate's own leaving count as the client's own drop (ARCHITECTURE §1, absent). */
  close(name: CloseCodeName): void {
    this.#socket.close(name);
  }

  /** Pings, and closes a client whose token has expired, or that is silent if that may be judged now. */
  beat(mayJudge: boolean): void {
    const { clock, pongTimeoutMs } = this.#share;
    const isSilent = mayJudge && clock.now() - this.#socket.heardAtMs >= pongTimeoutMs;
    if (this.#expiresAtMs !== undefined && clock.wall() >= this.#expiresAtMs) this.close("tokenExpired");
    else if (pongTimeoutMs === 0 || this.#socket.isPaused) return;
    else if (isSilent) this.close("silent");
    else this.#socket.ping();
  }

  /** The sit with this number has found a place. Of a sit that was given up nothing more is heard. */
  entered(number: number, place: Place): void {
    if (!this.#isEnteringBy(number)) return;
    const { clock, counts } = this.#share;
    for (const { atMs } of this.#unacked) counts.sits?.addMs(clock.now() - atMs);
    this.#stage = { is: "seated", place };
    this.#forgetUnacked();
    this.#goOn();
  }

  /** The sit with this number has found none; `frame` says why. */
  notEntered(number: number, frame: Frame): void {
    if (!this.#isEnteringBy(number)) return;
    this.#stage = { is: "idle" };
    this.#forgetUnacked();
    this.deliver(frame);
    this.#goOn();
  }

  /** The sit with this number is refused, by what was thrown. */
  sitRefused(number: number, thrown: unknown): void {
    this.#refuse(toRefused(thrown), (frame) => this.notEntered(number, frame));
  }

  /** The room has let go of this session; the client has been told. */
  roomEnded(): void {
    if (this.#stage.is !== "seated" && this.#stage.is !== "leaving") return;
    const { place } = this.#stage;
    this.#stage = { is: "idle" };
    place.gone(this);
    this.#forgetUnacked();
    this.#goOn();
  }

  /** The place is lost, and with it what was not acknowledged. A client that was not leaving is told. */
  placeLost(reason: DisconnectReason): void {
    if (this.#stage.is === "seated") this.deliver(disconnectFrame(reason));
    this.roomEnded();
  }

  /** The place can be reached again and has applied every input up to `last`: it is given the rest, in order. */
  placeFound(last: number): void {
    this.#dropAcked(last);
    const stage = this.#stage;
    if (stage.is !== "seated" && stage.is !== "leaving") return;
    for (const { number, what } of this.#unacked) {
      if (what === "stand" || what === "drop") stage.place.leave(this, number, what);
      else if (what !== "sit") stage.place.input(this, number, what);
    }
    this.acked(last);
  }

  /** The room has applied every input up to `number`. */
  acked(number: number): void {
    this.#dropAcked(number);
    if (this.#stage.is === "leaving" && number >= this.#stage.number) this.roomEnded();
    else this.#goOn();
  }

  #socketOnFrame(frame: Frame): void {
    const { clock, counts } = this.#share;
    const now = clock.now();
    counts.framesIn += 1;
    if (!this.#withinRate(now)) return;
    if (commandOf(frame) === Command.TOKEN) this.#renew(frame);
    else if (this.#waiting.length > 0 || this.#mustWait()) this.#wait({ frame, atMs: now });
    else this.#take({ frame, atMs: now });
  }

  #socketOnEnd(end: SocketEnd, code: number): void {
    this.#ended = { by: end === "restart" ? "us" : "client" };
    const { clock, counts, refusalLines } = this.#share;
    counts.ends.add(end);
    const length = { "event.duration": nanoseconds(clock.now() - this.#openedAtMs) };
    this.log.info("session close", { "close.code": code, "event.reason": end, ...length, ...refusalLines.end(this.id) });
    this.#goOn();
  }

  /** Does what one frame asks for. Never called while the session must wait. */
  #take({ frame, atMs }: Waiting): void {
    const command = commandOf(frame);
    const stage = this.#stage;
    if (stage.is === "seated") {
      if (command === Command.STAND_UP) this.#leave(stage.place, "stand", atMs);
      else if (stage.place.isStalled) this.#refuse(new Refused("tryAgain", { detail: "the game server has no space for its journal" }));
      else this.#input(stage.place, ownFrame(frame), atMs);
    } else if (command === Command.SIT_DOWN) this.#sit(frame, atMs);
    else if (command !== Command.STAND_UP) this.#refuse(new Refused("notInARoom"));
  }

  #input(place: Place, frame: Frame, atMs: number): void {
    place.input(this, this.#nextNumber(frame, atMs), frame);
  }

  #sit(frame: Frame, atMs: number): void {
    try {
      const request = readSitDown(bodyOf(frame));
      const number = this.#nextNumber("sit", atMs);
      this.#stage = { is: "entering", number };
      this.#share.seating.sit(this, request, number);
    } catch (thrown) {
      this.#stage = { is: "idle" };
      this.#refuse(toRefused(thrown));
    }
  }

  #isEnteringBy(number: number): boolean {
    return this.#stage.is === "entering" && this.#stage.number === number;
  }

  #leave(place: Place, how: Left, atMs: number): void {
    const number = this.#nextNumber(how, atMs);
    this.#stage = { is: "leaving", place, number };
    place.leave(this, number, how);
  }

  /** Takes what waited; then, if the socket has ended, what its end means. */
  #goOn(): void {
    if (this.#stage.is === "gone") return;
    if (this.#ended?.by === "us") return this.#finish(this.#ended);
    while (this.#waiting.length > 0 && !this.#mustWait()) this.#take(this.#waiting.shift() as Waiting);
    if (this.#waiting.length > 0 || this.#mustWait()) return;
    if (this.#ended === undefined) this.#readOn();
    else this.#finish(this.#ended);
  }

  /** What the client has sent meanwhile comes at once, which is not his doing. */
  #readOn(): void {
    if (this.#unheardSinceMs === undefined) return;
    const now = this.#share.clock.now();
    this.#rate.makeUp(now - this.#unheardSinceMs, now);
    this.#unheardSinceMs = undefined;
    this.#socket.resume();
  }

  #finish({ by }: NonNullable<Ended>): void {
    const stage = this.#stage;
    if (stage.is === "seated" && by === "client") return this.#leave(stage.place, "drop", this.#share.clock.now());
    if (stage.is === "seated") stage.place.absent(this);
    this.#stage = { is: "gone" };
    this.#share.onGone(this);
  }

  #mustWait(): boolean {
    if (this.#stage.is !== "idle" && this.#stage.is !== "seated") return true;
    return this.#unacked.length >= unackedInputsMax || this.#unackedBytes >= unackedBytesMax;
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#unheardSinceMs ??= waiting.atMs;
    this.#socket.pause();
  }

  #dropAcked(number: number): void {
    while ((this.#unacked[0]?.number ?? Number.POSITIVE_INFINITY) <= number) this.#onAcked(this.#unacked.shift() as Unacked);
  }

  /** It has gone the whole road; a client's own end is no input that he waits for. */
  #onAcked(acked: Unacked): void {
    const { clock, counts } = this.#share;
    this.#unackedBytes -= sizeOf(acked);
    if (acked.what !== "drop") counts.road?.addMs(clock.now() - acked.atMs);
  }

  #nextNumber(what: Unacked["what"], atMs: number): number {
    this.#number += 1;
    const input = { number: this.#number, what, atMs };
    this.#unacked.push(input);
    this.#unackedBytes += sizeOf(input);
    return this.#number;
  }

  #forgetUnacked(): void {
    this.#unacked = [];
    this.#unackedBytes = 0;
  }

  #withinRate(now: number): boolean {
    const { messagesPerSecond } = this.#share;
    if (messagesPerSecond === 0 || this.#rate.take(now)) return true;
    if (this.#excess.take(now)) this.#refuse(new Refused("limit", { detail: `more than ${messagesPerSecond} messages per second` }));
    else this.close("tooManyMessages");
    return false;
  }

  /** It is counted, and in the log unless that is too often; then the client is told. */
  #refuse(refused: Refused, tell = (frame: Frame): void => this.deliver(frame)): void {
    const { counts, refusalLines, development } = this.#share;
    counts.refusals.add(refused.refusal.code);
    refusalLines.say(this.log, this.id, refused);
    tell(errorFrame(refused, development));
    if (refused.refusal.strike) this.strike();
  }

  /** One after the other: the last token counts. */
  #renew(frame: Frame): void {
    if (this.#renewals >= renewalsMax) return this.#refuse(new Refused("limit", { detail: `more than ${renewalsMax} tokens at once` }));
    this.#renewals += 1;
    this.#renewal = this.#renewal.then(() => this.#renewToken(frame));
  }

  /** A new token of the same user, in place: the session lives on until that one expires. */
  async #renewToken(frame: Frame): Promise<void> {
    try {
      const identity = await this.#share.admission.identify(decode(StringSchema, bodyOf(frame)).v);
      if (identity.user !== this.user) throw new TokenRefused("the token is another user's");
      this.#expiresAtMs = identity.expiresAtMs;
      this.deliver(tokenAcceptedFrame());
    } catch (thrown) {
      this.#refuse(renewalRefused(thrown));
    } finally {
      this.#renewals -= 1;
    }
  }
}

/** A token that is not good is a bad request; one that cannot be judged now may be brought again. */
function renewalRefused(thrown: unknown): Refused {
  if (thrown instanceof TokenRefused) return new Refused("badRequest", { detail: thrown.message, cause: thrown });
  return thrown instanceof KeysAway ? new Refused("tryAgain", { detail: thrown.message, cause: thrown }) : toRefused(thrown);
}

function sizeOf(input: Unacked | undefined): number {
  return typeof input?.what === "object" ? input.what.length : 0;
}
