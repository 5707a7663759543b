/**
 * The game server's end of one link: greets a gate, hands its sits and inputs to the rooms,
 * and is the exit of their outputs. It keeps which of the gate's sessions sits in which
 * room, nothing else.
 */
import { LinkChannel } from "#link/channel.ts";
import { nonceBytes, prove, sameProof } from "#link/proof.ts";
import type { LinkSocket } from "#link/socket.ts";
import type { Frame } from "#protocol/frame.ts";
import { type Absent, type GateHello, type Leave, Leave_How, type RoomsQuestion, type Sit, type ToServer } from "#protocol/gen/link_pb.ts";
import { linkProtocol, outputFlags, readToServer, type ServerReader, ToGateWriter } from "#protocol/link.ts";
import { type Refused, toRefused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Exit, SessionHandle } from "./exit.ts";
import type { FreeSeats } from "./matching.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

const greetingTimeoutMs = 2000;

/** What all links of a game server share. */
export interface GateLinkShare {
  readonly clock: Clock;
  readonly log: Log;
  readonly entropy: Entropy;
  readonly key: Uint8Array;
  readonly development: boolean;
  readonly journal: string;
  readonly boot: number;
  readonly release: string;
  readonly games: readonly string[];
  readonly rooms: Rooms;
  refused(refused: Refused): void;
  /** A gate wants to come in; the sentence says why it may not. */
  refuseGate(boot: string, link: GateLink): string | undefined;
  onUp(link: GateLink): void;
  onDown(link: GateLink): void;
  onClaimAnswer(answer: Extract<ToServer["say"], { case: "claim" }>["value"]): void;
}

export interface Status {
  readonly rooms: number;
  readonly users: number;
  readonly takesNewRooms: boolean;
  readonly free: FreeSeats[];
}

interface Seated {
  readonly handle: SessionHandle;
  readonly room: Room;
}

type State =
  | { readonly is: "challenged"; readonly nonce: Uint8Array }
  | { readonly is: "up"; readonly gate: string }
  | { readonly is: "down" };

export class GateLink implements Exit, ServerReader {
  readonly #share: GateLinkShare;
  readonly #channel: LinkChannel<ToGateWriter>;
  readonly #greeting: Timer;
  readonly #seated = new Map<number, Seated>();
  #state: State;

  constructor(socket: LinkSocket, share: GateLinkShare) {
    const nonce = share.entropy(nonceBytes);
    this.#share = share;
    this.#state = { is: "challenged", nonce };
    this.#channel = new LinkChannel(socket, {
      clock: share.clock,
      writer: new ToGateWriter(),
      read: (batch) => readToServer(batch, this),
      onDown: (why) => this.#channelOnDown(why),
    });
    this.#greeting = share.clock.after(greetingTimeoutMs, () => this.#channel.cut("no greeting"));
    this.tell({ case: "challenge", value: { protocol: linkProtocol, nonce } });
  }

  /** The boot of the gate at the other end; undefined until it has proved itself. */
  get gate(): string | undefined {
    return this.#state.is === "up" ? this.#state.gate : undefined;
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
    if (say.case === "hello") this.#onHello(say.value);
    else if (this.#state.is === "up") this.#sayUp(say, this.#state.gate);
    else this.#channel.cut("said something before its hello");
  }

  #sayUp(say: ToServer["say"], gate: string): void {
    switch (say.case) {
      case "sit":
        return void this.#onSit(say.value, gate);
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
        return;
    }
  }

  #onHello({ protocol, boot, nonce, proof }: GateHello): void {
    if (this.#state.is !== "challenged") return this.#channel.cut("a second hello");
    const { key, journal, boot: ownBoot, release, games } = this.#share;
    if (protocol !== linkProtocol) return this.#goodbye(`this game server speaks link protocol ${linkProtocol}, the gate ${protocol}`);
    if (!sameProof(proof, prove(key, "gate", boot, this.#state.nonce, nonce))) return this.#goodbye("the gate does not know the link key");
    const refusal = this.#share.refuseGate(boot, this);
    if (refusal !== undefined) return this.#goodbye(refusal);
    const ownProof = prove(key, "server", journal, nonce, this.#state.nonce);
    this.#greeting.cancel();
    this.#state = { is: "up", gate: boot };
    this.tell({ case: "hello", value: { journal, boot: ownBoot, release, games: [...games], proof: ownProof, durable: false } });
    this.#share.log.info("link up", { "server.address": this.#channel.peer, "link.peer": boot });
    this.#share.onUp(this);
  }

  #goodbye(sentence: string): void {
    this.#share.log.warn("link refusal", { "server.address": this.#channel.peer, "event.reason": sentence });
    this.tell({ case: "goodbye", value: { sentence } });
    this.#channel.flush();
    // The gate cuts the link when it has read this; one that does not is cut by the greeting's timeout.
  }

  async #onSit(sit: Sit, gate: string): Promise<void> {
    const { session, number } = sit;
    const handle: SessionHandle = { key: `${gate}-${session}`, exit: this, id: session };
    try {
      const visitor = { user: Number(sit.user), claims: JSON.parse(sit.claims) as Record<string, unknown>, session: handle, number };
      const sat = await this.#share.rooms.sit(visitor, requestOf(sit));
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
    if (this.#state.is === "down") return room.absent(handle);
    this.#seated.set(handle.id, seated);
    this.tell({ case: "entered", value: { session: handle.id, number, game: room.game, room: room.id, life: room.life, epoch: 1 } });
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
    const wasUp = this.#state.is === "up";
    this.#greeting.cancel();
    this.#state = { is: "down" };
    this.#share.log[wasUp ? "warn" : "info"]("link down", { "server.address": this.#channel.peer, "event.reason": why });
    for (const session of [...this.#seated.keys()]) this.#makeAbsent(session);
    this.#share.onDown(this);
  }
}

function requestOf({ game, room, seat, watch, mode, options, print }: Sit): SitRequest {
  return { game, room: room === "" ? undefined : room, seat, watch, mode: mode as SitRequest["mode"], options, print };
}
