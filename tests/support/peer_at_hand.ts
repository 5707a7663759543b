/** Another game server at the end of a link, without rooms of its own: a test says for it what it offers, and to whom it lies. */
import type { GameServer } from "#game_server/game_server.ts";
import { emptyOutbox } from "#game_server/outbox.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import type { LinkChannel } from "#link/channel.ts";
import { greetServer } from "#link/greeting.ts";
import { memoryPair } from "#link/socket_memory.ts";
import { LinkGarbage, readToGate, type ToServerWriter } from "#protocol/link.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { readSettings } from "#runtime/settings.ts";
import type { SmallHouse } from "./small_house.ts";

const journal = "00000000000000bb";

export class PeerAtHand {
  /** What it has heard, a word for each, and why its link was cut. */
  readonly heard: string[] = [];
  readonly #clockMs: () => number;
  #channel: LinkChannel<ToServerWriter> | undefined;

  private constructor(clockMs: () => number) {
    this.#clockMs = clockMs;
  }

  /** It has dialled this game server, and is linked. */
  static async link({ clock, settle }: Pick<SmallHouse, "clock" | "settle">, server: GameServer): Promise<PeerAtHand> {
    const peer = new PeerAtHand(() => clock.now());
    const [ours, theirs] = memoryPair(clock);
    server.accept(theirs);
    greetServer(ours, {
      ...{ clock, entropy: systemEntropy, key: readSettings({}).linkKey, boot: journal, release: "dev", isServer: true },
      refuse: () => undefined,
      onUp: (channel) => peer.#onUp(channel),
      onFailed: (why) => peer.heard.push(`failed: ${why}`),
    });
    await settle();
    return peer;
  }

  /** A room of this game that is the peer's to give. */
  static room(game: string, room: string, changed: Partial<RoomValue> = {}): RoomValue {
    const life = room.padStart(16, "0");
    return {
      ...{ game, room, life, owner: journal, epoch: 1, boot: 1, openedAtMs: 0, offer: "" },
      ...{ version: 1, playing: 4, options: "", random: { key: "5eed", drawn: 0 } },
      ...{ timers: { stay: { dueMs: 3_600_000, everyMs: 0 } }, seats: [], outbox: emptyOutbox(), lostGates: {}, isOver: false },
      state: {},
      ...changed,
    };
  }

  /** `value`: a room, or whatever else a peer might call one. */
  offer(offer: string, value: unknown): void {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    this.#channel?.out.say({ case: "offer", value: { offer, value: text, clockMs: this.#clockMs() } });
  }

  activate(life: string, offer: string): void {
    this.#channel?.out.say({ case: "activate", value: { life, offer } });
  }

  /** What it has heard since it was asked last. */
  hears(): string[] {
    return this.heard.splice(0);
  }

  #onUp(channel: LinkChannel<ToServerWriter>): void {
    const garbage = (): never => {
      throw new LinkGarbage("a game server says this to gates only");
    };
    this.#channel = channel;
    channel.handOver({
      read: (batch) =>
        readToGate(batch, {
          say: ({ say }) => {
            if (say.case === "offer") this.heard.push(say.value.yes ? "yes" : say.value.sentence);
            else if (say.case !== "status") this.heard.push(say.case ?? "nothing");
          },
          ...{ output: garbage, ack: garbage },
        }),
      onDown: (why) => this.heard.push(`down: ${why}`),
    });
  }
}
