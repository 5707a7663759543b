/**
 * The game server's end of one link that is up: hands a gate's sits and inputs to the rooms,
 * and is the exit of their outputs. It keeps which of the gate's sessions sits in which
 * room, nothing else.
 */
import type { LinkChannel } from "#link/channel.ts";
import type { Frame } from "#protocol/frame.ts";
import {
  type Absent,
  type ClaimAnswer,
  type Leave,
  Leave_How,
  type RoomsQuestion,
  type Sit,
  type ToServer,
} from "#protocol/gen/link_pb.ts";
import { LinkGarbage, outputFlags, readToServer, type ServerReader, type ToGateWriter } from "#protocol/link.ts";
import { type Refused, toRefused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import type { Log } from "#runtime/log.ts";
import type { Exit, SessionHandle } from "./exit.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Sits } from "./sits.ts";

/** What all links of a game server share. */
export interface GateLinkShare {
  readonly log: Log;
  readonly development: boolean;
  readonly rooms: Rooms;
  readonly sits: Sits;
  refused(refused: Refused): void;
  onDown(link: GateLink): void;
  onClaimAnswer(answer: ClaimAnswer): void;
}

interface Seated {
  readonly handle: SessionHandle;
  readonly room: Room;
}

export class GateLink implements Exit, ServerReader {
  /** The boot of the gate at the other end. */
  readonly gate: string;
  readonly #share: GateLinkShare;
  readonly #channel: LinkChannel<ToGateWriter>;
  readonly #seated = new Map<number, Seated>();
  #stage: "up" | "down" = "up";

  constructor(channel: LinkChannel<ToGateWriter>, gate: string, share: GateLinkShare) {
    this.gate = gate;
    this.#share = share;
    this.#channel = channel;
    channel.handOver({ read: (batch) => readToServer(batch, this), onDown: (why) => this.#channelOnDown(why) });
  }

  tell(say: Parameters<ToGateWriter["say"]>[0]): void {
    this.#channel.out.say(say);
  }

  /** Ends the link when what was said has left. */
  end(why: string): void {
    this.#channel.end(why);
  }

  // Exit: what rooms say.

  output(flags: number, sessions: readonly number[], frame: Frame): void {
    this.#channel.out.output(flags, sessions, frame);
    if (flags & outputFlags.ends) for (const session of sessions) this.#seated.delete(session);
  }

  ack(session: number, number: number): void {
    this.#channel.out.ack(session, number);
  }

  flush(): void {
    this.#channel.flush();
  }

  // ServerReader: what the gate says.

  input(session: number, number: number, frame: Frame): void {
    const seated = this.#seated.get(session);
    seated?.room.input(seated.handle, number, frame);
  }

  say({ say }: ToServer): void {
    switch (say.case) {
      case "sit":
        return void this.#onSit(say.value);
      case "leave":
        return this.#onLeave(say.value);
      case "absent":
        return this.#onAbsent(say.value);
      case "rooms":
        return this.#onRooms(say.value);
      case "claim":
        return this.#share.onClaimAnswer(say.value);
      case "lost":
        return this.#share.rooms.lose(say.value.lives);
      default:
        throw new LinkGarbage(`${say.case ?? "nothing"} is not said on a link that is up`);
    }
  }

  async #onSit(sit: Sit): Promise<void> {
    const { session, number } = sit;
    const handle: SessionHandle = { key: `${this.gate}-${session}`, exit: this, id: session };
    try {
      const visitor = { user: Number(sit.user), claims: JSON.parse(sit.claims) as Record<string, unknown>, session: handle, number };
      const sat = await this.#share.sits.sit(visitor, requestOf(sit));
      if (sat.is === "seated") this.#onSeated({ handle, room: sat.room }, number);
      else this.#notEntered(session, number, sat.is === "answered" ? sat.frame : undefined);
    } catch (thrown) {
      const refused = toRefused(thrown);
      this.#share.refused(refused);
      this.#share.log.debug("refusal", {
        "user.id": Number(sit.user),
        "error.code": refused.refusal.code,
        "event.reason": refused.message,
      });
      this.#notEntered(session, number, errorFrame(refused, this.#share.development));
    }
  }

  /** Entered is written now, ahead of the room's outputs, which follow at the end of the turn. */
  #onSeated(seated: Seated, number: number): void {
    const { handle, room } = seated;
    if (this.#stage === "down") return room.absent(handle);
    this.#seated.set(handle.id, seated);
    this.tell({
      case: "entered",
      value: { session: handle.id, number, game: room.game, room: room.id, life: room.ownership.life, epoch: room.ownership.epoch },
    });
  }

  #notEntered(session: number, number: number, frame: Frame | undefined): void {
    const value = { session, number, frame: frame ?? new Uint8Array(0), elsewhere: frame === undefined };
    this.tell({ case: "notEntered", value });
  }

  #onLeave({ session, number, how }: Leave): void {
    const seated = this.#seated.get(session);
    this.#seated.delete(session);
    if (seated === undefined) this.#channel.out.ack(session, number);
    else seated.room.leave(seated.handle, number, how === Leave_How.STAND ? "stand" : "drop");
  }

  #onAbsent({ sessions }: Absent): void {
    for (const session of sessions) this.#makeAbsent(session);
  }

  #makeAbsent(session: number): void {
    const seated = this.#seated.get(session);
    this.#seated.delete(session);
    seated?.room.absent(seated.handle);
  }

  #onRooms({ id, game }: RoomsQuestion): void {
    const open = [...this.#share.rooms.all()].filter((room) => room.game === game && !room.isPrivate);
    this.tell({ case: "rooms", value: { id, rooms: open.map((room) => room.summary) } });
  }

  #channelOnDown(why: string): void {
    this.#stage = "down";
    this.#share.log.info("link down", { "server.address": this.#channel.peer, "link.peer": this.gate, "event.reason": why });
    for (const session of [...this.#seated.keys()]) this.#makeAbsent(session);
    this.#share.onDown(this);
  }
}

function requestOf({ game, room, seat, watch, mode, options, print }: Sit): SitRequest {
  return { game, room: room === "" ? undefined : room, seat, watch, mode: mode as SitRequest["mode"], options, print };
}
