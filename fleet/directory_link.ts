/**
 * A game server's view of the directory that its one gate keeps (static fleet): claims are
 * asked over the link, everything else is told. Without a gate the server is alone with its
 * direct clients and its own rooms are all there is to know; the gate hears of them in the
 * announcement when it links.
 */
import {
  type Announcement as AnnouncementMessage,
  type ClaimAnswer,
  ClaimAnswer_Claimed,
  type Life as LifeMessage,
  type MoveAnswer,
  type WhereAnswer,
} from "#protocol/gen/link_pb.ts";
import type { ToGateWriter } from "#protocol/link.ts";
import { Refused } from "#protocol/refusals.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import { partsOf } from "./announcement_parts.ts";
import type { Announcement, Claim, DirectoryForServers, Life, Unsettled, Whereabouts } from "./directory.ts";

const answerTimeoutMs = 2000;
/** An announcement is told in parts of so many lives, and so many that have left: a link's batches stay small. */
const livesPerPart = 5000;

type Say = Parameters<ToGateWriter["say"]>[0];

interface Pending {
  readonly life: Life;
  readonly user: number;
  readonly timeout: Timer;
  resolve(claim: Claim): void;
  reject(refused: Refused): void;
}

interface Question {
  readonly timeout: Timer;
  resolve(answer: MoveAnswer | WhereAnswer): void;
  reject(refused: Refused): void;
}

interface LinkDirectoryOptions {
  clock: Clock;
  /** Every life of this server and who sits in it. */
  own(): Announcement;
  /** Lives that the directory may name us as the owner of, and that are not ours to end. */
  unsettled(): Iterable<Unsettled>;
  /** A claim was granted after it had been given up. */
  onLateClaim(life: Life, user: number): void;
}

export class LinkDirectory implements DirectoryForServers {
  readonly #options: LinkDirectoryOptions;
  /** Claims that wait for an answer, and those that were given up and may still get one. */
  readonly #pending = new Map<number, Pending>();
  readonly #givenUp = new Map<number, Pending>();
  readonly #questions = new Map<number, Question>();
  #say: ((say: Say) => void) | undefined;
  #lastId = 0;

  constructor(options: LinkDirectoryOptions) {
    this.#options = options;
  }

  get isReachable(): boolean {
    return this.#say !== undefined;
  }

  /** The gate is linked: it hears everything this server owns before anything else. */
  attach(say: (say: Say) => void): void {
    this.#say = say;
    const { own, unsettled: notOurs } = this.#options;
    for (const { lives, unsettled, isLast } of partsOf(own(), [...notOurs()], livesPerPart))
      say({ case: "announcement", value: { lives: lives.map(toMessage), more: !isLast, unsettled: [...unsettled] } });
  }

  /** The gate's link is lost, and with it every answer; its directory is told anew when it is back. */
  detach(): void {
    this.#say = undefined;
    this.#givenUp.clear();
    for (const [id, { timeout, reject }] of [...this.#pending]) {
      timeout.cancel();
      this.#pending.delete(id);
      reject(unanswered());
    }
    for (const id of [...this.#questions.keys()]) this.#settle(id, undefined);
  }

  claim(life: Life, user: number): Promise<Claim> {
    const say = this.#say;
    if (say === undefined) return Promise.resolve({ is: "claimed" });
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timeout = this.#options.clock.after(answerTimeoutMs, () => this.#giveUp(id));
      this.#pending.set(id, { life, user, timeout, resolve, reject });
      say({ case: "claim", value: { id, life: lifeToMessage(life), user: BigInt(user) } });
    });
  }

  answered({ id, claimed, holder }: ClaimAnswer): void {
    const late = this.#givenUp.get(id);
    this.#givenUp.delete(id);
    if (late !== undefined && claimed === ClaimAnswer_Claimed.YES) this.#options.onLateClaim(late.life, late.user);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.timeout.cancel();
    this.#pending.delete(id);
    if (claimed === ClaimAnswer_Claimed.YES) pending.resolve({ is: "claimed" });
    else if (holder === undefined) pending.reject(unanswered());
    else {
      const is = claimed === ClaimAnswer_Claimed.NAME_TAKEN ? "name taken" : "user elsewhere";
      pending.resolve({ is, holder: lifeFromMessage(holder) });
    }
  }

  release(life: string, user: number): void {
    this.#say?.({ case: "release", value: { life, user: BigInt(user) } });
  }

  end(life: Life): void {
    this.#say?.({ case: "end", value: { life: lifeToMessage(life) } });
  }

  async move(from: Life, to: Life, offer: string): Promise<"moved" | "lost"> {
    const value = { from: lifeToMessage(from), to: lifeToMessage(to), offer };
    const answer = (await this.#ask((id) => ({ case: "move", value: { id, ...value } }))) as MoveAnswer;
    return answer.moved ? "moved" : "lost";
  }

  async where(life: string): Promise<Whereabouts | undefined> {
    const answer = (await this.#ask((id) => ({ case: "where", value: { id, life } }))) as WhereAnswer;
    return answer.life && { life: lifeFromMessage(answer.life), offer: answer.offer };
  }

  /** The gate knows the answer to a question of ours. */
  told(answer: MoveAnswer | WhereAnswer): void {
    this.#settle(answer.id, answer);
  }

  /** The gate knows of no leases. */
  async keep(): Promise<"unknown"> {
    return "unknown";
  }

  raise(life: Life): void {
    this.#say?.({ case: "raise", value: { life: lifeToMessage(life) } });
  }

  #ask(question: (id: number) => Say): Promise<MoveAnswer | WhereAnswer> {
    const say = this.#say;
    if (say === undefined) return Promise.reject(unanswered());
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timeout = this.#options.clock.after(answerTimeoutMs, () => this.#settle(id, undefined));
      this.#questions.set(id, { timeout, resolve, reject });
      say(question(id));
    });
  }

  #settle(id: number, answer: MoveAnswer | WhereAnswer | undefined): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    question.timeout.cancel();
    this.#questions.delete(id);
    if (answer === undefined) question.reject(unanswered());
    else question.resolve(answer);
  }

  #giveUp(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#givenUp.set(id, pending);
    pending.reject(unanswered());
  }
}

/** A life as links carry it. */
export function lifeToMessage(life: Life): Omit<LifeMessage, "$typeName"> {
  return { ...life, openedAtMs: BigInt(Math.round(life.openedAtMs)) };
}

export function lifeFromMessage({ game, room, life, owner, epoch, boot, openedAtMs }: LifeMessage): Life {
  return { game, room, life, owner, epoch, boot, openedAtMs: Number(openedAtMs) };
}

export function announcementFromMessage(message: AnnouncementMessage): Announcement {
  return message.lives.flatMap(({ life, users }) =>
    life === undefined ? [] : [{ life: lifeFromMessage(life), users: users.map(Number) }],
  );
}

function toMessage({ life, users }: Announcement[number]) {
  return { life: lifeToMessage(life), users: users.map(BigInt) };
}

function unanswered(): Refused {
  return new Refused("tryAgain", { detail: "the gate that keeps the directory does not answer" });
}
