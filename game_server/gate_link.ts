/**
 * The game server's end of one link that is up: hands a gate's sits and inputs to the rooms,
 * and is the exit of their outputs. It keeps which of the gate's sessions sits in which
 * room, and by which number each room is called on this link; nothing else.
 */
import type { LinkChannel } from "#link/channel.ts";
import type { Frame } from "#protocol/frame.ts";
import {
  type Absent,
  type Attach,
  type ClaimAnswer,
  type Leave,
  Leave_How,
  type Lost,
  type MoveAnswer,
  type RoomsQuestion,
  type Sit,
  type ToServer,
  type WhereAnswer,
} from "#protocol/gen/link_pb.ts";
import { LinkGarbage, outputFlags, readToServer, type ServerReader, type ToGateWriter } from "#protocol/link.ts";
import { Refused, toRefused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { sessionFields } from "#runtime/log_fields.ts";
import type { Exit } from "./exit.ts";
import { roomsForLobby } from "./lobby.ts";
import type { Output } from "./outbox.ts";
import type { Room, Visitor } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Sat, Sits } from "./sits.ts";

/** What all links of a game server share. */
export interface GateLinkShare {
  readonly log: Log;
  readonly development: boolean;
  readonly rooms: Rooms;
  readonly sits: Sits;
  /** Resolves when it is known whether a life that was offered to this server is its own; undefined: none was. */
  whenSettled(life: string): Promise<void> | undefined;
  /** `who`, as the log calls him, has heard a refusal. */
  refused(refused: Refused, who: LogFields): void;
  onDown(link: GateLink): void;
  onClaimAnswer(answer: ClaimAnswer): void;
  onDirectoryAnswer(answer: MoveAnswer | WhereAnswer): void;
}

export class GateLink implements Exit, ServerReader {
  /** The boot of the gate at the other end. */
  readonly gate: string;
  readonly confirmsAtOnce = false;
  readonly #share: GateLinkShare;
  readonly #channel: LinkChannel<ToGateWriter>;
  /** Where each of the gate's sessions sits. */
  readonly #seated = new Map<number, Room>();
  /** What rooms are called on this link. */
  readonly #handles = new Map<string, number>();
  readonly #lives = new Map<number, string>();
  /** Gates that attached while nothing could be applied. */
  readonly #waiting: Attach[] = [];
  #lastHandle = 0;
  #stage: "up" | "down" = "up";

  constructor(channel: LinkChannel<ToGateWriter>, gate: string, share: GateLinkShare) {
    this.gate = gate;
    this.#share = share;
    this.#channel = channel;
    channel.handOver({ read: (batch) => readToServer(batch, this), onDown: (why) => this.#channelOnDown(why) });
  }

  get isUp(): boolean {
    return this.#stage === "up";
  }

  tell(say: Parameters<ToGateWriter["say"]>[0]): void {
    this.#channel.out.say(say);
  }

  /** The journal has no space, or has some again: then the gate attaches anew and sends what was not applied. */
  tellStalled(isStalled: boolean): void {
    this.tell({ case: "stalled", value: { isStalled } });
    if (isStalled) return;
    for (const life of this.#handles.keys()) this.#askToAttach(life);
    for (const attach of this.#waiting.splice(0)) this.#onAttach(attach);
  }

  /** Ends the link when what was said has left. */
  end(why: string): void {
    this.#channel.end(why);
  }

  // Exit: what rooms say.

  output(life: string, number: number, flags: number, sessions: readonly number[], frame: Frame): void {
    this.#channel.out.output(this.#handleOf(life), number, flags, sessions, frame);
    if (flags & outputFlags.ends) for (const session of sessions) this.#seated.delete(session);
  }

  ack(session: number, number: number): void {
    this.#channel.out.ack(session, number);
  }

  moved(life: string, owner: string, epoch: number): void {
    for (const [session, room] of this.#seated) if (room.life === life) this.#seated.delete(session);
    this.tell(owner === "" ? { case: "notMine", value: { life } } : { case: "moved", value: { life, owner, epoch } });
  }

  again(life: string): void {
    this.#askToAttach(life);
  }

  flush(): void {
    this.#channel.flush();
  }

  // ServerReader: what the gate says.

  input(session: number, number: number, frame: Frame): void {
    const room = this.#seated.get(session);
    if (room === undefined || this.#share.rooms.isStalled) return;
    if (!room.input(this, session, number, frame)) this.#askToAttach(room.life);
  }

  confirm(handle: number, number: number): void {
    const life = this.#lives.get(handle);
    if (life !== undefined) this.#share.rooms.known(life)?.confirm(this.gate, number);
  }

  say({ say }: ToServer): void {
    switch (say.case) {
      case "sit":
        return void this.#onSit(say.value);
      case "leave":
        return this.#onLeave(say.value);
      case "absent":
        return this.#onAbsent(say.value);
      case "attach":
        return this.#onAttach(say.value);
      case "rooms":
        return this.#onRooms(say.value);
      case "claim":
        return this.#share.onClaimAnswer(say.value);
      case "move":
      case "where":
        return this.#share.onDirectoryAnswer(say.value);
      case "lost":
        return this.#onLost(say.value);
      default:
        throw new LinkGarbage(`${say.case ?? "nothing"} is not said on a link that is up`);
    }
  }

  async #onSit(sit: Sit): Promise<void> {
    const { session, number } = sit;
    try {
      const visitor = { ...personOf(sit), session, number, exit: this };
      const sat = await this.#share.sits.sit(visitor, requestOf(sit), { claimed: sit.place, isSeatOnly: sit.seatOnly });
      if (sat.is === "seated") this.#onSeated(sat, session, number);
      else this.#notEntered(session, number, sat.is === "answered" ? sat.frame : undefined);
    } catch (thrown) {
      const refused = toRefused(thrown);
      this.#share.refused(refused, sessionFields(this.gate, session, Number(sit.user)));
      this.#notEntered(session, number, errorFrame(refused, this.#share.development));
    }
  }

  /** The gate hears of the seat when it is committed, ahead of the room's outputs. */
  #onSeated({ room, entered: { after, missed } }: Extract<Sat, { is: "seated" }>, session: number, number: number): void {
    const { game, id, life, ownership } = room;
    const handle = this.#handleOf(life);
    this.#seated.set(session, room);
    this.#share.rooms.whenCommitted(() => {
      this.tell({ case: "entered", value: { session, number, game, room: id, life, epoch: ownership.epoch, handle, after } });
      this.#sendAgain(life, missed);
    });
  }

  #notEntered(session: number, number: number, frame: Frame | undefined): void {
    const value = { session, number, frame: frame ?? new Uint8Array(0), elsewhere: frame === undefined };
    this.tell({ case: "notEntered", value });
  }

  #onLeave({ session, number, how }: Leave): void {
    const room = this.#seated.get(session);
    if (room?.isFrozen || this.#share.rooms.isStalled) return;
    if (room === undefined) this.#channel.out.ack(session, number);
    else if (!room.leave(this, session, number, how === Leave_How.STAND ? "stand" : "drop")) this.#askToAttach(room.life);
    else this.#seated.delete(session);
  }

  #onAbsent({ sessions }: Absent): void {
    for (const session of sessions) {
      this.#seated.get(session)?.absent(this.gate, session);
      this.#seated.delete(session);
    }
  }

  /** An attach to a life that is not here ends it for the gate; it never opens one (PROTOCOL §7). */
  #onAttach(attach: Attach): void {
    const { life, last, sessions, anew, number } = attach;
    const room = this.#share.rooms.known(life);
    if (room === undefined) return this.#onAttachElsewhere(attach);
    if (room.isFrozen) return this.#attachAfter(room.melted, attach);
    if (this.#share.rooms.isStalled) return void this.#waiting.push(attach);
    const claimants = sessions.map(({ session, user, acked }) => ({ session, user: Number(user), acked }));
    const { seated, gone, missed } = room.attach(this, last, claimants, anew);
    for (const { session } of seated) this.#seated.set(session, room);
    const handle = this.#handleOf(life);
    this.#share.rooms.whenCommitted(() => {
      const { epoch } = room.ownership;
      this.tell({ case: "attached", value: { life, epoch, handle, seated: [...seated], gone: [...gone], answers: number } });
      this.#sendAgain(life, missed);
    });
  }

  #onLost({ lives, users, moved }: Lost): void {
    this.#share.rooms.lose({ lives, moved, users: users.map(({ life, user }) => ({ life, user: Number(user) })) });
  }

  /** The life is not played here: it may be on its way here, or have gone. */
  #onAttachElsewhere(attach: Attach): void {
    const { life, number: answers } = attach;
    const settled = this.#share.whenSettled(life);
    if (settled !== undefined) return this.#attachAfter(settled, attach);
    // Behind a commit: a process that has a successor on its journal has no say.
    this.#share.rooms.whenCommitted(() => {
      const gone = this.#share.rooms.gone(life);
      if (gone === undefined || gone.to === "") this.tell({ case: "notMine", value: { life, answers } });
      else this.tell({ case: "moved", value: { life, owner: gone.to, epoch: gone.epoch, answers } });
    });
  }

  #attachAfter(settled: Promise<void>, attach: Attach): void {
    void settled.then(() => {
      if (this.isUp) this.#onAttach(attach);
    });
  }

  #sendAgain(life: string, missed: readonly Output[]): void {
    for (const { number, flags, sessions, frame } of missed) this.output(life, number, flags, sessions, frame);
  }

  #askToAttach(life: string): void {
    this.tell({ case: "attachAgain", value: { life } });
  }

  #onRooms({ id, game }: RoomsQuestion): void {
    this.tell({ case: "rooms", value: { id, rooms: roomsForLobby(this.#share.rooms.all(), game) } });
  }

  #handleOf(life: string): number {
    const known = this.#handles.get(life);
    if (known !== undefined) return known;
    this.#lastHandle += 1;
    this.#handles.set(life, this.#lastHandle);
    this.#lives.set(this.#lastHandle, life);
    return this.#lastHandle;
  }

  /** The life is forgotten: its number on this link is not used again. */
  forget(life: string): void {
    const handle = this.#handles.get(life);
    if (handle !== undefined) this.#lives.delete(handle);
    this.#handles.delete(life);
  }

  #channelOnDown(why: string): void {
    this.#stage = "down";
    this.#share.log.info("link down", { "server.address": this.#channel.peer, "link.peer": this.gate, "event.reason": why });
    for (const life of this.#handles.keys()) this.#share.rooms.known(life)?.detach(this);
    this.#share.onDown(this);
  }
}

/** @throws {Refused} for what no gate of ours says: a room keeps it, and must be readable. */
function personOf({ user, claims: json }: Sit): Pick<Visitor, "user" | "claims"> {
  const claims: unknown = JSON.parse(json);
  const isObject = typeof claims === "object" && claims !== null && !Array.isArray(claims);
  if (!isObject || user <= 0n || user > Number.MAX_SAFE_INTEGER) throw new Refused("badRequest", { detail: "the gate names no user" });
  return { user: Number(user), claims: claims as Visitor["claims"] };
}

function requestOf({ game, room, seat, watch, mode, options, print }: Sit): SitRequest {
  return { game, room: room === "" ? undefined : room, seat, watch, mode: mode as SitRequest["mode"], options, print };
}
