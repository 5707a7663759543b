/** The taking end of a link between two game servers: a server that has rooms to give has dialled this one. */
import type { LinkChannel } from "#link/channel.ts";
import type { ToServer } from "#protocol/gen/link_pb.ts";
import { LinkGarbage, readToServer, type ToGateWriter } from "#protocol/link.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Departures } from "./departures.ts";
import type { Fate } from "./peer_link.ts";

interface PeerGuestOptions {
  /** The journal of the server at the other end. */
  journal: string;
  arrivals: Arrivals;
  departures: Departures;
  /** Resolves when this turn is written: what is said before is said by a process that has no successor on its journal. */
  committed(): Promise<void>;
  onDown(): void;
}

export class PeerGuest {
  readonly #channel: LinkChannel<ToGateWriter>;
  readonly #options: PeerGuestOptions;

  constructor(channel: LinkChannel<ToGateWriter>, options: PeerGuestOptions) {
    this.#channel = channel;
    this.#options = options;
    const garbage = (): never => {
      throw new LinkGarbage("a gate says this, no game server");
    };
    channel.handOver({
      read: (batch) => readToServer(batch, { say: (said) => void this.#hear(said), input: garbage, confirm: garbage }),
      onDown: () => options.onDown(),
    });
  }

  tell(say: Parameters<ToGateWriter["say"]>[0]): void {
    this.#channel.out.say(say);
  }

  end(why: string): void {
    this.#channel.end(why);
  }

  async #hear({ say }: ToServer): Promise<void> {
    const { arrivals, departures } = this.#options;
    switch (say.case) {
      case "offer": {
        const { offer, value, clockMs } = say.value;
        const no = await arrivals.offer(offer, value, clockMs, this.#options.journal);
        const answer = { offer, yes: no === undefined, sentence: no?.sentence ?? "", unreadable: no?.isUnreadable ?? false };
        return this.#channel.out.say({ case: "offer", value: answer });
      }
      case "activate":
        return arrivals.activate(say.value.life, say.value.offer);
      case "drop":
        return this.#tell(say.value.offer, await arrivals.drop(say.value.life, say.value.offer, say.value.epoch));
      case "question":
        return this.#tell(say.value.offer, departures.fate(say.value.life, say.value.offer), departures.epochOf(say.value.life));
      default:
        this.#channel.cut(`garbage: ${say.case ?? "nothing"} is not said by a game server`);
    }
  }

  async #tell(offer: string, fate: Fate, epoch = 0): Promise<void> {
    await this.#options.committed();
    if (fate === "dropped") this.#channel.out.say({ case: "dropped", value: { offer, epoch } });
    if (fate === "active") this.#channel.out.say({ case: "active", value: { offer } });
  }
}
