/**
 * Rooms that leave this server for others: which room goes where, and how many at a time.
 * Players notice the pause of their own room only, so few are frozen at once; what one turn
 * writes down for several of them costs one commit.
 *
 *     begin ──> whoever takes rooms ──> rooms go, several at a time ──> none is left
 *                 │ nobody                 │ nobody takes one
 *                 └───────── stuck <───────┘     (and looked for again every second, until `stop`)
 */
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Departures, Given } from "./departures.ts";
import type { PeerLink } from "./peer_link.ts";
import type { Peers } from "./peers.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** Rooms on their way at once. */
const underWayMax = 16;
/** Takers, and rooms that have come meanwhile, are looked for this often. */
const retryMs = 1000;
/** A server that has not taken a room is not offered it again for so long, and twice as long each time: each offer is a pause for its players. */
const refusedMs = 5000;
const refusedMsMax = 60_000;

export interface MoverOptions {
  clock: Clock;
  rooms: Pick<Rooms, "all">;
  peers: Pick<Peers, "takers">;
  departures: Pick<Departures, "give" | "mayGive">;
}

export interface MoverEvents {
  /** Somebody takes rooms: they begin to go. */
  onBegun(): void;
  /** Nobody takes what is left. */
  onStuck(): void;
}

/** A server has not taken a room. */
interface Rest {
  readonly forMs: number;
  readonly untilMs: number;
}

/** Every room goes. */
interface Evacuation {
  readonly events: MoverEvents;
  hasBegun: boolean;
}

export class Mover {
  readonly #options: MoverOptions;
  /** The one under way; another object is another one. */
  #evacuation: Evacuation | undefined;
  #retry: Timer | undefined;
  #rebalance: Promise<number> | undefined;
  #progress = { moved: 0, left: 0 };
  /** Until when a server is not offered a room. */
  #rests = new WeakMap<Room, WeakMap<PeerLink, Rest>>();

  constructor(options: MoverOptions) {
    this.#options = options;
  }

  /** Moves every room away, those too that come meanwhile, until `stop`. */
  begin(events: MoverEvents): void {
    this.stop();
    this.#rests = new WeakMap();
    const evacuation = { events, hasBegun: false };
    this.#evacuation = evacuation;
    void this.#evacuate(evacuation);
  }

  /** Rooms that are on their way arrive; the others stay. */
  stop(): void {
    this.#evacuation = undefined;
    this.#retry?.cancel();
  }

  /** Gives `room` to the server with this journal or at this address, or to the best one. The taker's journal; undefined: it stays. */
  async move(room: Room, to?: string): Promise<string | undefined> {
    const { peers } = this.#options;
    const takers = await peers.takers(room.game, room.version);
    return this.#give(room, to === undefined ? takers : takers.filter((link) => link.server.journal === to || link.address === to));
  }

  /** Gives rooms away until no server that takes them has fewer than this one. Answers how many have gone. One at a time is under way. */
  rebalance(): Promise<number> {
    this.#rebalance ??= this.#rebalanceAll().finally(() => {
      this.#rebalance = undefined;
    });
    return this.#rebalance;
  }

  /** How far the rebalancing under way is, or how far the last one came. */
  get rebalancing(): { isUnderWay: boolean; moved: number; left: number } {
    return { isUnderWay: this.#rebalance !== undefined, ...this.#progress };
  }

  async #rebalanceAll(): Promise<number> {
    this.#progress = { moved: 0, left: 0 };
    for (const [game, version] of versionsOf(this.#options.rooms.all())) await this.#rebalanceGame(game, version);
    return this.#progress.moved;
  }

  async #rebalanceGame(game: string, version: number): Promise<void> {
    const takers = await this.#options.peers.takers(game, version);
    const all = [...this.#options.rooms.all()];
    const mine = all.filter((room) => room.game === game && room.isPlayed);
    const fair = Math.ceil((all.length + takers.reduce((sum, { rooms }) => sum + rooms, 0)) / (takers.length + 1));
    const surplus = mine.slice(0, Math.max(0, all.length - fair));
    const progress = this.#progress;
    progress.left = surplus.length;
    await this.#several(surplus, async (room) => {
      const fewest = [...takers].sort((a, b) => a.rooms - b.rooms);
      if ((await this.#give(room, fewest)) !== undefined) progress.moved += 1;
      progress.left -= 1;
    });
  }

  async #evacuate(evacuation: Evacuation): Promise<void> {
    const { clock, rooms } = this.#options;
    const isOn = (): boolean => evacuation === this.#evacuation;
    const takersOf = await this.#takersOf([...rooms.all()]);
    if (!isOn()) return;
    const hasTakers = [...takersOf.values()].some((takers) => takers.length > 0);
    if (hasTakers && !evacuation.hasBegun) evacuation.events.onBegun();
    evacuation.hasBegun ||= hasTakers;
    let stuck = 0;
    await this.#several(
      [...rooms.all()].filter((room) => room.isPlayed),
      async (room) => {
        if (!isOn() || !room.isPlayed) return;
        const takers = (takersOf.get(room.game) ?? []).filter((taker) => !this.#isSpared(room, taker));
        if ((await this.#give(room, takers, isOn)) === undefined && room.isPlayed) stuck += 1;
      },
    );
    if (!isOn()) return;
    if (stuck > 0) evacuation.events.onStuck();
    if (isOn()) this.#retry = clock.after(retryMs, () => void this.#evacuate(evacuation));
  }

  async #takersOf(rooms: readonly Room[]): Promise<ReadonlyMap<string, PeerLink[]>> {
    const games = [...versionsOf(rooms)];
    const takers = await Promise.all(games.map(([game, version]) => this.#options.peers.takers(game, version)));
    return new Map(games.map(([game], at) => [game, takers[at] ?? []]));
  }

  /** Offers `room` to one after another, for as long as it may go. */
  async #give(room: Room, takers: readonly PeerLink[], mayGo = () => true): Promise<string | undefined> {
    const { departures } = this.#options;
    for (const taker of takers) {
      if (!mayGo() || !departures.mayGive(room, taker)) continue;
      const given = await departures.give(room, taker);
      if (given === "given") return taker.server.journal;
      this.#spare(room, taker, given);
    }
    return undefined;
  }

  /** What this start of a server cannot read it is not offered again. */
  #spare(room: Room, taker: PeerLink, given: Exclude<Given, "given">): void {
    const rests = this.#rests.get(room) ?? new WeakMap<PeerLink, Rest>();
    const longerMs = Math.min(refusedMsMax, 2 * (rests.get(taker)?.forMs ?? refusedMs / 2));
    const forMs = given === "unreadable" ? Number.POSITIVE_INFINITY : longerMs;
    this.#rests.set(room, rests.set(taker, { forMs, untilMs: this.#options.clock.now() + forMs }));
  }

  #isSpared(room: Room, taker: PeerLink): boolean {
    return (this.#rests.get(room)?.get(taker)?.untilMs ?? Number.NEGATIVE_INFINITY) > this.#options.clock.now();
  }

  async #several(rooms: readonly Room[], act: (room: Room) => Promise<void>): Promise<void> {
    const waiting = rooms.values();
    const worker = async (): Promise<void> => {
      for (const room of waiting) await act(room);
    };
    await Promise.all(Array.from({ length: underWayMax }, worker));
  }
}

/** The games of these rooms, and the state version of each: what is played here this release has brought up to its own. */
function versionsOf(rooms: Iterable<Room>): ReadonlyMap<string, number> {
  return new Map([...rooms].map(({ game, version }) => [game, version]));
}
