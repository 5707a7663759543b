/**
 * The giving end of a link between two game servers: what a server says to one that may take
 * its rooms, and asks of one that has offered it a room. Every word is about one offer.
 */
import type { LinkChannel } from "#link/channel.ts";
import { reads } from "#protocol/deals.ts";
import type { OfferAnswer, ServerHello, ServerStatus, ToGate } from "#protocol/gen/link_pb.ts";
import { LinkGarbage, readToGate, type ToServerWriter } from "#protocol/link.ts";
import type { Clock } from "#runtime/clock.ts";

/** What an end knows of an offer: it never will be activated, it has been, or nobody knows. */
export type Fate = "dropped" | "active" | "unknown";

/** A peer that answers later than this has not answered: players wait. */
const answerTimeoutMs = 2000;

/** What is heard of an offer: it is written down there, or why not. */
type Answer = Pick<OfferAnswer, "yes" | "sentence" | "unreadable">;

/** Of a room as JSON: three bytes each at most, and a batch carries them behind a megabyte of others. */
export const offerCharactersMax = 1_000_000;

/** What became of an offer, and the epoch that belongs to it. */
interface Heard {
  readonly fate: Fate;
  readonly epoch: number;
}

/** Asked and not answered yet, by offer. */
type Questions<Said> = Map<string, (said: Said | undefined) => void>;

interface PeerLinkOptions {
  clock: Clock;
  /** Where it was found. */
  address: string;
  onDown(why: string): void;
}

export class PeerLink {
  readonly server: ServerHello;
  readonly address: string;
  #status: Pick<ServerStatus, "rooms" | "takesNewRooms">;
  /** Rooms it has taken since it said how many it has. */
  #taken = 0;
  readonly #channel: LinkChannel<ToServerWriter>;
  readonly #options: PeerLinkOptions;
  readonly #offers: Questions<Answer> = new Map();
  readonly #fates: Questions<Heard> = new Map();
  #stage: "up" | "down" = "up";

  constructor(channel: LinkChannel<ToServerWriter>, server: ServerHello, options: PeerLinkOptions) {
    this.server = server;
    this.address = options.address;
    this.#status = server.status ?? { rooms: 0, takesNewRooms: false };
    this.#channel = channel;
    this.#options = options;
    const garbage = (): never => {
      throw new LinkGarbage("a game server says this to gates only");
    };
    channel.handOver({
      read: (batch) => readToGate(batch, { say: (said) => this.#hear(said), output: garbage, ack: garbage }),
      onDown: (why) => this.#channelOnDown(why),
    });
  }

  /** Rooms there, as far as is known. */
  get rooms(): number {
    return this.#status.rooms + this.#taken;
  }

  /** Whether it may be offered a room. */
  get takesRooms(): boolean {
    return this.#stage === "up" && this.#status.takesNewRooms;
  }

  /** Whether it can go on with a room of this game whose state has this version, as far as it says. */
  reads(game: string, version: number): boolean {
    return reads(this.server.deals, game, version) ?? true;
  }

  /** Offers a room. Undefined: nobody knows. */
  offer(offer: string, value: string, clockMs: number): Promise<Answer | undefined> {
    if (value.length > offerCharactersMax)
      return Promise.resolve({ yes: false, sentence: "it is too large to be moved", unreadable: false });
    this.#channel.out.say({ case: "offer", value: { offer, value, clockMs } });
    return this.#ask(this.#offers, offer);
  }

  /** The offer is committed. */
  activate(life: string, offer: string): void {
    this.#taken += 1;
    if (this.#stage === "up") this.#channel.out.say({ case: "activate", value: { life, offer } });
  }

  /** Takes an offer back, to go on at this epoch. "active": too late. */
  async drop(life: string, offer: string, epoch: number): Promise<Fate> {
    this.#channel.out.say({ case: "drop", value: { life, offer, epoch } });
    return (await this.#ask(this.#fates, offer))?.fate ?? "unknown";
  }

  /** Asks the giver of an offer what has become of it, and at which epoch he has the life; 0: he has it no more. */
  async fate(life: string, offer: string): Promise<{ readonly fate: Fate; readonly epoch: number }> {
    this.#channel.out.say({ case: "question", value: { life, offer } });
    return (await this.#ask(this.#fates, offer)) ?? { fate: "unknown", epoch: 0 };
  }

  end(why: string): void {
    this.#channel.end(why);
  }

  #ask<Said>(questions: Questions<Said>, offer: string): Promise<Said | undefined> {
    if (this.#stage === "down") return Promise.resolve(undefined);
    return new Promise((resolve) => {
      questions.get(offer)?.(undefined);
      const settle = (said: Said | undefined): void => {
        timeout.cancel();
        questions.delete(offer);
        resolve(said);
      };
      const timeout = this.#options.clock.after(answerTimeoutMs, () => settle(undefined));
      questions.set(offer, settle);
    });
  }

  #hear({ say }: ToGate): void {
    switch (say.case) {
      case "offer":
        this.#offers.get(say.value.offer)?.(say.value);
        return;
      case "dropped":
        this.#fates.get(say.value.offer)?.({ fate: "dropped", epoch: say.value.epoch });
        return;
      case "active":
        this.#fates.get(say.value.offer)?.({ fate: "active", epoch: 0 });
        return;
      case "status":
        this.#status = say.value;
        this.#taken = 0;
        return;
      case "stalled":
      case "announcement":
        return; // for gates
      default:
        throw new LinkGarbage(`${say.case ?? "nothing"} is not said to a game server`);
    }
  }

  #channelOnDown(why: string): void {
    this.#stage = "down";
    for (const settle of [...this.#offers.values(), ...this.#fates.values()]) settle(undefined);
    this.#options.onDown(why);
  }
}
