/** Other game servers at the end of a link, without rooms of their own: a test says for them what they offer, and what they answer. */
import type { GameServer } from "#game_server/game_server.ts";
import { emptyOutbox } from "#game_server/outbox.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import type { LinkChannel } from "#link/channel.ts";
import { greetGate, greetServer } from "#link/greeting.ts";
import type { LinkSocket } from "#link/socket.ts";
import { memoryPair } from "#link/socket_memory.ts";
import type { Deal } from "#protocol/deals.ts";
import type { ToGate } from "#protocol/gen/link_pb.ts";
import { LinkGarbage, readToGate, readToServer, type ToGateWriter, type ToServerWriter } from "#protocol/link.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { readSettings } from "#runtime/settings.ts";
import type { SmallHouse } from "./small_house.ts";

const journal = "00000000000000bb";

export class PeerAtHand {
  /** What it has heard, a word for each, and why its link was cut. */
  readonly heard: string[] = [];
  readonly #clockMs: () => number;
  #channel: LinkChannel<ToServerWriter> | undefined;

  readonly #socket: LinkSocket;

  private constructor(socket: LinkSocket, clockMs: () => number) {
    this.#socket = socket;
    this.#clockMs = clockMs;
  }

  /** It has dialled this game server, and is linked. */
  static async link({ clock, settle }: Pick<SmallHouse, "clock" | "settle">, server: GameServer): Promise<PeerAtHand> {
    const [ours, theirs] = memoryPair(clock);
    const peer = new PeerAtHand(ours, () => clock.now());
    server.accept(theirs);
    greetServer(ours, {
      ...{ clock, entropy: systemEntropy, keys: [readSettings({}).linkKey], boot: journal, release: "dev", isServer: true },
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
  offer(offer: string, value: unknown, clockMs = this.#clockMs()): void {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    this.#channel?.out.say({ case: "offer", value: { offer, value: text, clockMs } });
  }

  /** These bytes, whatever they are. */
  send(batch: Uint8Array): void {
    this.#socket.send(batch);
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
          say: (said) => this.heard.push(wordOf(said)),
          ...{ output: garbage, ack: garbage },
        }),
      onDown: (why) => this.heard.push(`down: ${why}`),
    });
  }
}

function wordOf({ say }: ToGate): string {
  if (say.case === "offer") return say.value.yes ? "yes" : `${say.value.sentence}${say.value.unreadable ? ", ever" : ""}`;
  if (say.case === "status") return `status takes ${say.value.takesNewRooms ? "some" : "none"}`;
  return say.case ?? "nothing";
}

/** Another game server that is dialled, and offered rooms: it takes none of them before a test says so. Left out, `deals` are an older release's. */
export class TakerAtHand {
  /** How it answers offers; undefined: not at all. */
  refusal: { readonly unreadable: boolean } | undefined;
  readonly #heard: string[] = [];
  readonly #clock: SmallHouse["clock"];
  readonly #game: string;
  readonly #deals: readonly Deal[];
  #channel: LinkChannel<ToGateWriter> | undefined;

  constructor(clock: SmallHouse["clock"], game: string, deals: readonly Deal[] = []) {
    this.#clock = clock;
    this.#game = game;
    this.#deals = deals;
  }

  dial(): LinkSocket {
    const [theirs, ours] = memoryPair(this.#clock);
    const status = { rooms: 0, users: 0, takesNewRooms: true, free: [] };
    greetGate(ours, {
      ...{ clock: this.#clock, entropy: systemEntropy, keys: [readSettings({}).linkKey] },
      hello: () => ({
        ...{ journal, boot: 1, release: "dev", games: [this.#game], deals: [...this.#deals] },
        ...{ durable: true, startedAtMs: 1, status },
      }),
      refuse: () => undefined,
      onUp: (channel) => this.#onUp(channel),
      onFailed: (why) => this.#heard.push(`failed: ${why}`),
    });
    return theirs;
  }

  /** What it has been told since it was asked last, a word for each. */
  hears(): string[] {
    return this.#heard.splice(0);
  }

  say(say: Parameters<ToGateWriter["say"]>[0]): void {
    this.#channel?.out.say(say);
  }

  #onUp(channel: LinkChannel<ToGateWriter>): void {
    this.#channel = channel;
    const garbage = (): never => {
      throw new LinkGarbage("a gate says this, no game server");
    };
    channel.handOver({
      read: (batch) =>
        readToServer(batch, {
          say: ({ say }) => {
            this.#heard.push(say.case ?? "nothing");
            if (say.case === "offer" && this.refusal !== undefined)
              this.say({ case: "offer", value: { offer: say.value.offer, yes: false, sentence: "it will not", ...this.refusal } });
          },
          ...{ input: garbage, confirm: garbage },
        }),
      onDown: (why) => this.#heard.push(`down: ${why}`),
    });
  }
}
