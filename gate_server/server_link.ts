/**
 * The gate's end of one link that is up: carries sits and inputs to a game server and its
 * outputs to the sessions they name. To a seated session the link is its place. What a link
 * is used for, and when it is dialled again, is links.ts's business.
 */
import type { Left, Place, Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import type { LinkChannel } from "#link/channel.ts";
import type { Frame } from "#protocol/frame.ts";
import {
  type Announcement,
  type Entered,
  Leave_How,
  type NotEntered,
  type RoomsAnswer_Room,
  type ServerHello,
  type ServerStatus,
  type ToGate,
} from "#protocol/gen/link_pb.ts";
import { type GateReader, LinkGarbage, readToGate, type ToServerWriter } from "#protocol/link.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { DirectoryKeeper } from "./directory_keeper.ts";

/** A server that does not answer a sit or a question for so long is asked no longer. */
const answerTimeoutMs = 5000;

/** What all links of a gate share. */
export interface ServerLinkShare {
  readonly clock: Clock;
  readonly development: boolean;
  readonly sessions: Sessions;
  /** The directory, where this gate keeps it for its servers. */
  readonly keeper: DirectoryKeeper | undefined;
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

export class ServerLink implements Place, GateReader {
  readonly #share: ServerLinkShare;
  readonly #channel: LinkChannel<ToServerWriter>;
  readonly #sits = new Map<number, Waiting>();
  readonly #questions = new Map<number, Question>();
  /** Who answers here. */
  readonly server: ServerHello;
  #hasTold = false;
  #stage: "up" | "down" = "up";
  #status: Pick<ServerStatus, "rooms" | "takesNewRooms" | "free">;
  #sitsSinceStatus = 0;
  #lastQuestion = 0;

  constructor(channel: LinkChannel<ToServerWriter>, server: ServerHello, share: ServerLinkShare) {
    this.server = server;
    this.#status = server.status ?? { rooms: 0, takesNewRooms: false, free: [] };
    this.#share = share;
    this.#channel = channel;
    channel.handOver({ read: (batch) => readToGate(batch, this), onDown: (why) => this.#channelOnDown(why) });
  }

  get peer(): string {
    return this.#channel.peer;
  }

  /** Whether the server has announced everything it owns. */
  get hasTold(): boolean {
    return this.#hasTold;
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

  /** Asks the server to seat a session. Unless "elsewhere", the session has been told when this resolves. */
  sit(session: Session, request: SitRequest, number: number): Promise<SitOutcome> {
    if (this.#stage === "down") return Promise.resolve("elsewhere");
    this.#sitsSinceStatus += 1;
    return new Promise((settle) => {
      const timeout = this.#share.clock.after(answerTimeoutMs, () => this.#giveUp(session.id));
      this.#sits.set(session.id, { number, timeout, settle });
      const { user, claims, id } = session;
      const { room = "", ...asked } = request;
      this.#channel.out.say({ case: "sit", value: { ...asked, session: id, number, user: BigInt(user), room, claims } });
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

  /** These lives lost their name: the server ends them. */
  lost(lives: string[]): void {
    this.#channel.out.say({ case: "lost", value: { lives } });
  }

  cut(why: string): void {
    this.#channel.cut(why);
  }

  // Place: what a seated session does.

  input(session: Session, number: number, frame: Frame): void {
    this.#channel.out.input(session.id, number, frame);
  }

  leave(session: Session, number: number, how: Left): void {
    const value = { session: session.id, number, how: how === "stand" ? Leave_How.STAND : Leave_How.DROP };
    this.#channel.out.say({ case: "leave", value });
  }

  absent(session: Session): void {
    this.#channel.out.say({ case: "absent", value: { sessions: [session.id] } });
  }

  // GateReader: what the server says.

  output(flags: number, sessions: Uint32Array, frame: Frame): void {
    this.#share.sessions.output(flags, sessions, frame);
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
      case "rooms":
        return this.#answerQuestion(say.value.id, say.value.rooms);
      case "claim":
        void this.#share.keeper?.claim(say.value).then((answer) => this.#channel.out.say({ case: "claim", value: answer }));
        return;
      case "release":
        return this.#share.keeper?.release(say.value);
      case "end":
        return this.#share.keeper?.end(say.value);
      case "announcement":
        return this.#onAnnouncement(say.value);
      case "goodbye":
        return this.#channel.cut(say.value.sentence);
      default:
        throw new LinkGarbage(`${say.case ?? "nothing"} is not said on a link that is up`);
    }
  }

  #onEntered({ session: id, number }: Entered): void {
    const sit = this.#sits.get(id);
    if (sit === undefined) return this.#keepUnwanted(id);
    if (sit.number !== number) return;
    this.#takeSit(id);
    this.#share.sessions.get(id)?.entered(this);
    sit.settle("told");
  }

  #onNotEntered({ session: id, number, frame, elsewhere }: NotEntered): void {
    const sit = this.#sits.get(id);
    if (sit?.number !== number) return;
    this.#takeSit(id);
    if (!elsewhere) this.#share.sessions.get(id)?.notEntered(frame);
    sit.settle(elsewhere ? "elsewhere" : "told");
  }

  #onAnnouncement(announcement: Announcement): void {
    this.#hasTold = true;
    this.#share.keeper?.announce(this, announcement);
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
    const refused = new Refused("tryAgain", { detail: "the game server does not answer" });
    this.#share.sessions.get(id)?.notEntered(errorFrame(refused, this.#share.development));
    sit?.settle("told");
  }

  /** Seated after we had given up: the seat is absent until the client sits down again. */
  #keepUnwanted(id: number): void {
    this.#channel.out.say({ case: "absent", value: { sessions: [id] } });
  }

  #channelOnDown(why: string): void {
    this.#stage = "down";
    for (const id of [...this.#sits.keys()]) this.#giveUp(id);
    for (const id of [...this.#questions.keys()]) this.#answerQuestion(id, []);
    this.#share.sessions.placeLost(this);
    this.#share.onDown(why);
  }
}
