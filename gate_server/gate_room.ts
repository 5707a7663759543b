/**
 * What a gate knows of a life in which it has sessions: where it is played, and up to which
 * output everything has been passed on. To a session it is its place. It ends with its last
 * session.
 *
 *     held ──link──> attaching ──attached──> attached
 *      ^ │ HOLD            │ not mine            │
 *      │ └──> over <───────┘                     │
 *      └────────────── link lost ────────────────┘
 *
 * While it is held nothing is lost: sessions keep their inputs, the game server its outputs;
 * when the gate attaches again each end gives the other what it missed (P3).
 */

import type { Left, Place, PlaceName, Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import type { Life } from "#fleet/directory.ts";
import type { Frame } from "#protocol/frame.ts";
import { DisconnectReason, Notice_Action, Notice_Reason } from "#protocol/gen/frame_pb.ts";
import type { Attach, Attached } from "#protocol/gen/link_pb.ts";
import { outputFlags } from "#protocol/link.ts";
import { noticeFrame } from "#protocol/system_frames.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { roomFields } from "#runtime/log_fields.ts";
import type { Distribution } from "#runtime/metrics.ts";

/** What a room asks of the link it is attached to. */
export interface RoomLink {
  /** The journal of the game server behind it. */
  readonly journal: string;
  readonly isStalled: boolean;
  /** This gate has no sessions in the room any more. */
  forgetRoom(life: string): void;
  sendInput(session: number, number: number, frame: Frame): void;
  sendLeave(session: number, number: number, how: Left): void;
  sendAbsent(session: number): void;
  sendAttach(attach: Omit<Attach, "$typeName" | "sessions"> & { sessions: { session: number; user: bigint; acked: number }[] }): void;
}

/** As much of a life as a gate hears of. */
export type KnownLife = Pick<Life, "game" | "room" | "life" | "owner" | "epoch">;

export interface GateRoomShare {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessions: Sessions;
  /** How long sessions are held; 0 = for ever. */
  readonly holdMs: number;
  /** Counts how long lives were held. */
  readonly held?: Distribution | undefined;
  /** A game server speaks of the life as its own that is another one's by now. */
  onStale(): void;
  /** The room's last session is gone. */
  onEnd(room: GateRoom): void;
}

type Way =
  | { readonly is: "attached"; readonly link: RoomLink }
  /** Asking what was missed; `isNew`: what is said on this link before the answer is in the answer too. */
  | { readonly is: "attaching"; readonly link: RoomLink; readonly isNew: boolean }
  | { readonly is: "held" }
  /** Held, by a gate that is about to go: who leaves has left, the seat is absent at the owner's. */
  | { readonly is: "given up" };

export class GateRoom implements Place {
  readonly life: string;
  readonly name: PlaceName;
  /** The journal of the game server that plays it, as far as is known, and its epoch. */
  #owner: string;
  #epoch: number;
  readonly #share: GateRoomShare;
  readonly #sessions = new Set<Session>();
  #way: Way = { is: "held" };
  /** Sessions were told that it is held, and not yet that it goes on. */
  #hasToldHeld = false;
  /** The journal of whoever was attached to last: of another one, players hear that the room has come there. */
  #attachedTo: string;
  #hold: Timer | undefined;
  #heldSinceMs: number | undefined;
  /** The last attach: only its answer counts. */
  #attaches = 0;
  /** Whom the last attach named: who has entered since is not in its answer. */
  #asked: ReadonlySet<number> = new Set();
  /** The last output passed on. */
  #last: number;
  /** Sessions with an unacknowledged input at the last look, and the last that was acknowledged. */
  #waiting: ReadonlyMap<Session, number> = new Map();

  /** `last`: the last output that was for nobody at this gate. */
  constructor({ game, room, life, owner, epoch }: KnownLife, last: number, share: GateRoomShare) {
    this.life = life;
    this.name = { game, room, life };
    this.#owner = owner;
    this.#attachedTo = owner;
    this.#epoch = epoch;
    this.#last = last;
    this.#share = share;
  }

  get owner(): string {
    return this.#owner;
  }

  /** Nothing of a lower one is heard. */
  get epoch(): number {
    return this.#epoch;
  }

  get isHeld(): boolean {
    return this.#way.is === "held";
  }

  get isAttached(): boolean {
    return this.#way.is === "attached";
  }

  /** A session has entered by the sit with this number, on this link. */
  enter(session: Session, number: number, link: RoomLink): void {
    if (this.#sessions.size === 0) this.#way = { is: "attached", link }; // a room begins with its first session
    this.#sessions.add(session);
    session.entered(number, this);
  }

  /** An output of the room. What was passed on before is not passed on again. False: it is none of `link`'s to say now, and will be given again. */
  output(link: RoomLink, number: number, flags: number, ids: readonly number[], frame: Frame): boolean {
    const isAnswered = this.#isWayOf(link) && !(this.#way.is === "attaching" && this.#way.isNew);
    if (!isAnswered) return this.#unheard(link);
    if (number <= this.#last) return true;
    this.#last = number;
    for (const id of ids) {
      const session = this.#share.sessions.get(id);
      if (session === undefined || !this.#sessions.has(session)) continue; // who is entering is told with the answer to his sit
      if (frame.length > 0) session.deliver(frame);
      if (flags & outputFlags.strike) session.strike();
      if (flags & outputFlags.ends) session.roomEnded();
    }
    return true;
  }

  // Place: what sessions do. Unless attached nothing is sent: they keep it.

  get isStalled(): boolean {
    return this.#link?.isStalled ?? false;
  }

  input(session: Session, number: number, frame: Frame): void {
    if (this.#way.is === "attached") this.#way.link.sendInput(session.id, number, frame);
  }

  leave(session: Session, number: number, how: Left): void {
    if (this.#way.is === "attached") this.#way.link.sendLeave(session.id, number, how);
    else if (this.#way.is === "given up") session.placeLost(DisconnectReason.RETRY);
  }

  absent(session: Session): void {
    if (this.#way.is === "attached") this.#way.link.sendAbsent(session.id);
    this.gone(session);
  }

  gone(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    this.#hold?.cancel();
    this.#link?.forgetRoom(this.life);
    this.#share.onEnd(this);
  }

  // The link: it is lost, comes back, and answers.

  /** `link` is lost: unless another one is in use, sessions are held, and told so. */
  holdFrom(link: RoomLink): void {
    if (!this.#isWayOf(link)) return;
    this.#way = { is: "held" };
    this.#startHold();
    this.#tellHeld();
  }

  /** Held for so long it cannot be reached, though no link was lost: sessions are told, unless they were. */
  tellIfHeldFor(ms: number): void {
    if (this.isHeld && this.#heldForMs >= ms) this.#tellHeld();
  }

  /** Another game server owns it now: sessions are held until it is attached to, and hear only then that it goes on. False: that is old news. */
  moved(owner: string, epoch: number): boolean {
    if (epoch <= this.#epoch) return false;
    this.#owner = owner;
    this.#epoch = epoch;
    this.#way = { is: "held" };
    this.#startHold();
    return true;
  }

  /**
   * Whoever is behind `link` does not play it: sessions are held until somebody is known who does. `answers`: the attach
   * that is answered so; 0: none. False: nobody asks there now.
   */
  denied(link: RoomLink, answers: number): boolean {
    if (!this.#isWayOf(link) || (answers !== 0 && answers !== this.#attaches)) return false;
    this.#way = { is: "held" };
    this.#startHold();
    return true;
  }

  /** There is a link to the owner: asks for what was missed. */
  attachTo(link: RoomLink): void {
    const isNew = !this.#isWayOf(link) || (this.#way.is === "attaching" && this.#way.isNew);
    this.#way = { is: "attaching", link, isNew };
    const sessions = [...this.#sessions].map((session) => ({ session: session.id, user: BigInt(session.user), acked: session.lastAcked }));
    this.#asked = new Set(sessions.map(({ session }) => session));
    this.#attaches += 1;
    link.sendAttach({ life: this.life, last: this.#last, sessions, anew: isNew, number: this.#attaches });
  }

  /** An input was not applied: unless we are asking already, ask what was. */
  attachAgain(): void {
    if (this.#way.is === "attached") this.attachTo(this.#way.link);
  }

  /** The owner has it: sessions go on, and give again what was not applied. */
  attached(link: RoomLink, { seated, gone, epoch, answers }: Attached): void {
    if (this.#way.is !== "attaching" || this.#way.link !== link || answers !== this.#attaches) return;
    if (epoch < this.#epoch) return this.#share.onStale();
    this.#way = { is: "attached", link };
    this.#owner = link.journal;
    this.#epoch = epoch;
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#holdIsOver();
    const entered = [...this.#sessions].filter(({ id }) => !this.#asked.has(id));
    for (const { session, reason } of gone) this.#here(session)?.placeLost(reason as DisconnectReason);
    for (const { session, last } of seated) this.#found(session, last, link);
    for (const session of entered) session.placeFound(session.lastAcked);
    this.#tellResumed(link);
  }

  /** Whether an input that was unacknowledged when this was asked last still is: asked once a second, the owner may be another one. */
  isUnanswered(): boolean {
    const before = this.#waiting;
    this.#waiting = new Map([...this.#sessions].filter(({ isWaiting }) => isWaiting).map((session) => [session, session.lastAcked]));
    return this.isAttached && [...this.#waiting].some(([session, acked]) => before.get(session) === acked);
  }

  /** The gate goes before the owner is back: nobody who leaves is waited for. */
  giveUp(): void {
    this.#way = { is: "given up" };
    for (const session of [...this.#sessions]) if (session.stage === "leaving") session.placeLost(DisconnectReason.RETRY);
  }

  /** The life is lost to this gate. */
  end(reason: DisconnectReason): void {
    this.#holdIsOver();
    for (const session of [...this.#sessions]) session.placeLost(reason);
  }

  #holdOnEnd(): void {
    this.#share.log.warn("room lost", {
      ...this.#fields,
      users: this.#sessions.size,
      "user.id": [...this.#sessions].map(({ user }) => user),
    });
    this.end(DisconnectReason.RETRY);
  }

  get #fields() {
    return roomFields({ ...this.name, epoch: this.#epoch });
  }

  get #link(): RoomLink | undefined {
    return "link" in this.#way ? this.#way.link : undefined;
  }

  #unheard({ journal }: RoomLink): false {
    if (journal !== this.#owner) this.#share.onStale();
    return false;
  }

  #isWayOf(link: RoomLink): boolean {
    return this.#link === link;
  }

  #holdIsOver(): void {
    if (this.#heldSinceMs !== undefined) this.#share.held?.addMs(this.#heldForMs);
    this.#heldSinceMs = undefined;
  }

  get #heldForMs(): number {
    const now = this.#share.clock.now();
    return now - (this.#heldSinceMs ?? now);
  }

  #startHold(): void {
    this.#heldSinceMs ??= this.#share.clock.now();
    if (this.#share.holdMs > 0) this.#hold ??= this.#share.clock.after(this.#share.holdMs, () => this.#holdOnEnd());
  }

  #tellHeld(): void {
    if (this.#hasToldHeld) return; // it was held before, and not attached since
    this.#hasToldHeld = true;
    this.#share.log.info("room held", { ...this.#fields, users: this.#sessions.size });
    const { holdMs } = this.#share;
    this.#notify(Notice_Reason.HELD, holdMs === 0 ? 0 : Math.max(1, holdMs - this.#heldForMs));
  }

  #tellResumed({ journal }: RoomLink): void {
    if (this.#hasToldHeld) this.#share.log.info("room resumed", this.#fields);
    if (this.#hasToldHeld || journal !== this.#attachedTo) this.#notify(Notice_Reason.RESUMED, 0);
    this.#hasToldHeld = false;
    this.#attachedTo = journal;
  }

  #found(id: number, last: number, link: RoomLink): void {
    const session = this.#here(id);
    if (session === undefined)
      link.sendAbsent(id); // we have cut it meanwhile
    else session.placeFound(last);
  }

  #here(id: number): Session | undefined {
    const session = this.#share.sessions.get(id);
    return session !== undefined && this.#sessions.has(session) ? session : undefined;
  }

  #notify(reason: Notice_Reason, deadlineMs: number): void {
    const frame = noticeFrame({ reason, action: Notice_Action.NOTHING, deadlineMs, text: "" });
    for (const session of this.#sessions) session.deliver(frame);
  }
}
