/**
 * The gate's end of one link that is up: carries sits and inputs to a game server, and its
 * outputs to the rooms they belong to. What a link is used for, and when it is dialled
 * again, is links.ts's business.
 */
import { create } from "@bufbuild/protobuf";
import type { Left, Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import type { LinkChannel } from "#link/channel.ts";
import type { Frame } from "#protocol/frame.ts";
import {
  type Announcement,
  type Attached,
  type Entered,
  Leave_How,
  type NotEntered,
  type NotMine,
  type RoomsAnswer_Room,
  type ServerHello,
  type ServerStatus,
  ServerStatusSchema,
  type ToGate,
} from "#protocol/gen/link_pb.ts";
import { type GateReader, LinkGarbage, readToGate, type ToServerWriter } from "#protocol/link.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { DirectoryKeeper, LostElsewhere } from "./directory_keeper.ts";
import type { GateRoom, RoomLink } from "./gate_room.ts";
import type { GateRooms } from "./gate_rooms.ts";

/** A server that does not answer a sit or a question for so long is asked no longer. */
const answerTimeoutMs = 5000;

/** What all links of a gate share. */
export interface ServerLinkShare {
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly rooms: GateRooms;
  /** The directory, where this gate keeps it for its servers. */
  readonly keeper: DirectoryKeeper | undefined;
  /** A life has another owner. */
  onMoved(life: string, owner: string, epoch: number): void;
  /** The server behind the link does not play it. */
  onDenied(room: GateRoom, link: ServerLink): void;
  /** The server has announced everything it owns. */
  onTold(): void;
  /** Called once, whoever closed. */
  onDown(why: string): void;
}

/** How a sit ended: the session has been told, or the directory must be asked again. */
export type SitOutcome = "told" | "elsewhere";

interface Waiting {
  readonly number: number;
  readonly timeout: Timer;
  settle(outcome: SitOutcome): void;
}

interface Question {
  readonly timeout: Timer;
  resolve(rooms: readonly RoomsAnswer_Room[]): void;
}

export class ServerLink implements RoomLink, GateReader {
  /** Who answers here. */
  readonly server: ServerHello;
  readonly #share: ServerLinkShare;
  readonly #channel: LinkChannel<ToServerWriter>;
  readonly #sits = new Map<number, Waiting>();
  readonly #questions = new Map<number, Question>();
  /** What the server calls its rooms on this link. */
  readonly #rooms = new Map<number, GateRoom>();
  readonly #handles = new Map<string, number>();
  /** Outputs passed on in this turn, by room. */
  readonly #confirms = new Map<number, number>();
  #status: ServerStatus;
  #sitsSinceStatus = 0;
  #lastQuestion = 0;
  #hasTold = false;
  #isStalled = false;
  #stage: "up" | "down" = "up";

  constructor(channel: LinkChannel<ToServerWriter>, server: ServerHello, share: ServerLinkShare) {
    this.server = server;
    this.#status = server.status ?? create(ServerStatusSchema);
    this.#share = share;
    this.#channel = channel;
    channel.handOver({ read: (batch) => readToGate(batch, this), onDown: (why) => this.#channelOnDown(why) });
    for (const room of share.rooms.playedBy(server.journal)) room.attachTo(this);
  }

  get journal(): string {
    return this.server.journal;
  }

  /** Whether the server has announced everything it owns. */
  get hasTold(): boolean {
    return this.#hasTold;
  }

  /** Rooms that are called by a number on this link. */
  get knownRooms(): number {
    return this.#rooms.size;
  }

  /** Whether the server's journal has no space. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** What the server has said of itself last. */
  get status(): ServerStatus {
    return this.#status;
  }

  /** Rooms there, as far as is known, and what was sent there since. */
  get load(): number {
    return this.#status.rooms + this.#sitsSinceStatus;
  }

  get takesNewRooms(): boolean {
    return this.#status.takesNewRooms;
  }

  deals(game: string): boolean {
    return this.server.games.includes(game);
  }

  /** Free playing seats in rooms that a match for `game` with `options` may use. */
  freeSeats(game: string, options: string): number {
    return this.#status.free.find((free) => free.game === game && free.options === options)?.seats ?? 0;
  }

  /**
   * Asks the server to seat a session; `place` is the life in which the directory says the
   * user sits there, or "", `seatOnly` that he shall only come back to a seat that he has.
   * Unless "elsewhere", the session has been told when this resolves.
   */
  sit(
    session: Session,
    request: SitRequest,
    number: number,
    { place = "", seatOnly = false }: { place?: string; seatOnly?: boolean },
  ): Promise<SitOutcome> {
    if (this.#stage === "down") return Promise.resolve("elsewhere");
    const { user, claims, id } = session;
    const { room = "", ...asked } = request;
    this.#channel.out.say({
      case: "sit",
      value: { ...asked, session: id, number, user: BigInt(user), room, claims, place, seatOnly },
    });
    if (!seatOnly) this.#sitsSinceStatus += 1;
    return new Promise((settle) => {
      const timeout = this.#share.clock.after(answerTimeoutMs, () => this.#giveUp(id));
      this.#sits.set(id, { number, timeout, settle });
    });
  }

  /** The open rooms of a game there; none when the server does not answer. */
  rooms(game: string): Promise<readonly RoomsAnswer_Room[]> {
    return new Promise((resolve) => {
      const id = ++this.#lastQuestion;
      const timeout = this.#share.clock.after(answerTimeoutMs, () => this.#answerQuestion(id, []));
      this.#questions.set(id, { timeout, resolve });
      this.#channel.out.say({ case: "rooms", value: { id, game } });
    });
  }

  /** What of the server's has lost: it ends the lives, sends the users out, and stops what is another's. */
  lost(lost: LostElsewhere): void {
    this.#channel.out.say({ case: "lost", value: lost });
  }

  cut(why: string): void {
    this.#channel.cut(why);
  }

  // RoomLink: what rooms send.

  forgetRoom(life: string): void {
    this.#rooms.delete(this.#handles.get(life) ?? 0);
    this.#handles.delete(life);
  }

  sendInput(session: number, number: number, frame: Frame): void {
    this.#channel.out.input(session, number, frame);
  }

  sendLeave(session: number, number: number, how: Left): void {
    this.#channel.out.say({ case: "leave", value: { session, number, how: how === "stand" ? Leave_How.STAND : Leave_How.DROP } });
  }

  sendAbsent(session: number): void {
    this.#channel.out.say({ case: "absent", value: { sessions: [session] } });
  }

  sendAttach(attach: Parameters<RoomLink["sendAttach"]>[0]): void {
    this.#channel.out.say({ case: "attach", value: attach });
  }

  // GateReader: what the server says.

  output(handle: number, number: number, flags: number, sessions: readonly number[], frame: Frame): void {
    const room = this.#rooms.get(handle);
    if (room === undefined || room.output(this, number, flags, sessions, frame)) this.#confirm(handle, number);
  }

  ack(session: number, number: number): void {
    this.#share.sessions.get(session)?.acked(number);
  }

  say({ say }: ToGate): void {
    switch (say.case) {
      case "status":
        this.#status = say.value;
        this.#sitsSinceStatus = 0;
        return;
      case "entered":
        return this.#onEntered(say.value);
      case "notEntered":
        return this.#onNotEntered(say.value);
      case "attached":
        return this.#onAttached(say.value);
      case "notMine":
        return this.#onNotMine(say.value);
      case "moved":
        this.forgetRoom(say.value.life);
        this.#share.onMoved(say.value.life, say.value.owner, say.value.epoch);
        if (say.value.answers > 0) this.#onNotMine(say.value); // older news than ours, and not the owner either
        return;
      case "attachAgain":
        return this.#share.rooms.get(say.value.life)?.attachAgain();
      case "stalled":
        this.#isStalled = say.value.isStalled;
        return;
      case "rooms":
        return this.#answerQuestion(say.value.id, say.value.rooms);
      case "claim":
        void this.#share.keeper?.claim(say.value).then((answer) => this.#channel.out.say({ case: "claim", value: answer }));
        return;
      case "move":
        void this.#share.keeper?.move(say.value).then((answer) => answer && this.#channel.out.say({ case: "move", value: answer }));
        return;
      case "where":
        void this.#share.keeper?.where(say.value).then((answer) => answer && this.#channel.out.say({ case: "where", value: answer }));
        return;
      case "raise":
        return this.#share.keeper?.raise(say.value);
      case "release":
        return this.#share.keeper?.release(say.value);
      case "end":
        return this.#share.keeper?.end(say.value);
      case "announcement":
        return this.#onAnnouncement(say.value);
      default:
        throw new LinkGarbage(`${say.case ?? "nothing"} is not said on a link that is up`);
    }
  }

  /** The server may forget what has been passed on: told once a turn. */
  #confirm(handle: number, number: number): void {
    if (this.#confirms.size === 0) this.#share.clock.turnEnd(() => this.#sendConfirms());
    this.#confirms.set(handle, number);
  }

  #sendConfirms(): void {
    for (const [handle, number] of this.#confirms) this.#channel.out.confirm(handle, number);
    this.#confirms.clear();
  }

  #onNotMine({ life, answers }: Pick<NotMine, "life" | "answers">): void {
    this.forgetRoom(life);
    const room = this.#share.rooms.get(life);
    if (room?.denied(this, answers)) this.#share.onDenied(room, this);
  }

  #onEntered({ session: id, number, game, room: name, life, epoch, handle, after }: Entered): void {
    const sit = this.#sits.get(id);
    if (sit === undefined) return this.sendAbsent(id); // given up: the seat is absent until the client sits down again
    if (sit.number !== number) return;
    this.#takeSit(id);
    const session = this.#share.sessions.get(id);
    if (session === undefined) this.sendAbsent(id);
    else {
      const room = this.#share.rooms.open({ game, room: name, life, epoch, owner: this.server.journal }, after);
      this.#share.onMoved(life, this.server.journal, epoch);
      this.#call(room, handle);
      room.enter(session, number, this);
    }
    sit.settle("told");
  }

  #onNotEntered({ session: id, number, frame, elsewhere }: NotEntered): void {
    const sit = this.#sits.get(id);
    if (sit?.number !== number) return;
    this.#takeSit(id);
    if (!elsewhere) {
      this.#share.sessions.get(id)?.notEntered(number, frame);
      this.sendAbsent(id); // an earlier sit of it, which was given up, may have been granted after all
    }
    sit.settle(elsewhere ? "elsewhere" : "told");
  }

  #onAttached(attached: Attached): void {
    const room = this.#share.rooms.get(attached.life);
    if (room === undefined) {
      for (const { session } of attached.seated) this.sendAbsent(session); // HOLD has ended meanwhile
      return;
    }
    this.#call(room, attached.handle);
    room.attached(this, attached);
  }

  /** The server calls it so from now on. */
  #call(room: GateRoom, handle: number): void {
    this.forgetRoom(room.life);
    this.#rooms.set(handle, room);
    this.#handles.set(room.life, handle);
  }

  #onAnnouncement(announcement: Announcement): void {
    if (this.#share.keeper?.announce(this, announcement) === false) return;
    this.#hasTold = true;
    this.#share.onTold();
  }

  #answerQuestion(id: number, rooms: readonly RoomsAnswer_Room[]): void {
    const question = this.#questions.get(id);
    question?.timeout.cancel();
    this.#questions.delete(id);
    question?.resolve(rooms);
  }

  #takeSit(id: number): Waiting | undefined {
    const sit = this.#sits.get(id);
    sit?.timeout.cancel();
    this.#sits.delete(id);
    return sit;
  }

  /** The server was too slow: the client is told to try again, and a seat that is given after all is kept for it. */
  #giveUp(id: number): void {
    const sit = this.#takeSit(id);
    if (sit === undefined) return;
    const refused = new Refused("tryAgain", { detail: "the game server does not answer" });
    this.#share.sessions.get(id)?.sitRefused(sit.number, refused);
    sit.settle("told");
  }

  #channelOnDown(why: string): void {
    this.#stage = "down";
    for (const id of [...this.#sits.keys()]) this.#takeSit(id)?.settle("elsewhere");
    for (const id of [...this.#questions.keys()]) this.#answerQuestion(id, []);
    this.#share.rooms.holdFrom(this);
    this.#share.onDown(why);
  }
}
