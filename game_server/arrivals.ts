/**
 * Rooms that other servers offer to this one. An offer is written down before it is
 * accepted, and played only on proof that the directory has committed this very offer:
 *
 *     offer ──> written down, yes ──┬── the giver says so, or the directory names us and the offer ──> played
 *                                   └── the giver takes it back ──> never played
 *
 * An attach is no proof. Of several offers of one life the newest counts.
 */
import type { DirectoryForServers, Unsettled } from "#fleet/directory.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { roomFields } from "#runtime/log_fields.ts";
import type { Fate } from "./peer_link.ts";
import type { Peers } from "./peers.ts";
import { readRoom, readRoomText } from "./room_reading.ts";
import { type RoomValue, shiftTimes } from "./room_value.ts";
import type { Rooms } from "./rooms.ts";

/** A giver that has not said what became of its offer for so long is asked, and so is the directory. */
const lookEveryMs = 1000;
/** Longest name of an offer: whoever reads the room again takes no longer one. */
const offerCharactersMax = 64;

interface ArrivalsOptions {
  clock: Clock;
  log: Log;
  rooms: Rooms;
  directory: DirectoryForServers;
  peers: Peers;
  /** Fewer offers wait, or a room has begun. */
  onChange(): void;
}

interface Incoming {
  readonly value: RoomValue;
  readonly offer: string;
  readonly from: string;
  /** Who waits for what becomes of it. */
  readonly settled: PromiseWithResolvers<void>;
}

/** Why an offer is not taken. */
export interface NotTaken {
  readonly sentence: string;
  /** This release cannot read the room, and so it never will be. */
  readonly isUnreadable: boolean;
}

export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #incoming = new Map<string, Incoming>();
  #looking: Timer | undefined;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#incoming.size;
  }

  /** Lives that may turn out to be ours. */
  *unsettled(): Iterable<Unsettled> {
    for (const life of this.#incoming.keys()) yield { life, owner: "", epoch: 0 };
  }

  /** Takes up what an earlier process had accepted. */
  restore(value: RoomValue): void {
    if (value.passage?.is === "incoming") this.#hold(value, value.passage.offer, value.passage.from);
  }

  /** `clockMs`: the giver's own clock. Answers nothing once it is written down, otherwise why not. */
  async offer(offer: string, json: string, clockMs: number, from: string): Promise<NotTaken | undefined> {
    const { rooms, clock, log } = this.#options;
    if (offer === "" || offer.length > offerCharactersMax) return { sentence: "the offer has no name", isUnreadable: false };
    const value = this.#read(json, clock.now() - clockMs, from);
    if ("sentence" in value) return value;
    value.passage = { is: "incoming", offer, from };
    this.#hold(value, offer, from);
    rooms.note(value.life, value);
    log.debug("room offer", { ...roomFields(value), "link.peer": from });
    await rooms.committed();
    return undefined;
  }

  /** The offer is committed: from now on the room is ours. */
  activate(life: string, offer: string): void {
    const incoming = this.#take(life, offer);
    if (incoming === undefined) return;
    this.#options.rooms.take({ ...incoming.value, passage: undefined, epoch: incoming.value.epoch + 1, offer });
    incoming.settled.resolve();
    this.#options.onChange();
  }

  /**
   * The giver takes its offer back, and has the life at this epoch (0: no more). "dropped" is said when it is written down
   * that we never will play by it. A giver that has had no answer for so long that the life has left here since, and perhaps
   * come back by another offer, is told by the epochs: whoever has had it after him had it from his offer.
   */
  async drop(life: string, offer: string, epoch: number): Promise<Fate> {
    const { rooms } = this.#options;
    if (rooms.hasCome(life, offer)) return "active";
    const incoming = this.#take(life, offer);
    if (incoming === undefined) return epoch > 0 && rooms.lastEpochOf(life) >= epoch - 1 ? "active" : "dropped";
    rooms.giveBack({ ...incoming.value, epoch }, epoch === 0 ? "" : incoming.from);
    await rooms.committed();
    incoming.settled.resolve();
    this.#options.onChange();
    return "dropped";
  }

  /** Somebody asks for the life: resolves when it is known what has become of its offer; undefined: none waits. */
  settled(life: string): Promise<void> | undefined {
    const incoming = this.#incoming.get(life);
    if (incoming !== undefined) void this.#look(life, incoming);
    return incoming?.settled.promise;
  }

  stop(): void {
    this.#looking?.cancel();
  }

  /** An offered room, as it is by a clock that is so much ahead. */
  #read(json: string, aheadMs: number, from: string): RoomValue | NotTaken {
    const { rooms } = this.#options;
    try {
      const value = readRoomText(json);
      if (value.owner !== from) return { sentence: "it is not yours to give", isUnreadable: false };
      shiftTimes(value, aheadMs);
      readRoom(value); // the giver's clock may say anything
      const others = this.count - Number(this.#incoming.has(value.life));
      const refusal = rooms.refuseToTake(value, others);
      const unreadable = rooms.refuseToRead(value);
      const sentence = refusal ?? unreadable;
      return sentence === undefined ? value : { sentence, isUnreadable: unreadable !== undefined };
    } catch (thrown) {
      return { sentence: thrown instanceof Error ? thrown.message : String(thrown), isUnreadable: false };
    }
  }

  #hold(value: RoomValue, offer: string, from: string): void {
    const settled = this.#incoming.get(value.life)?.settled ?? Promise.withResolvers<void>();
    this.#incoming.set(value.life, { value, offer, from, settled });
    this.#looking ??= this.#options.clock.every(lookEveryMs, () => this.#lookAtAll());
  }

  #take(life: string, offer: string): Incoming | undefined {
    const incoming = this.#incoming.get(life);
    if (incoming?.offer !== offer) return undefined;
    this.#incoming.delete(life);
    if (this.count === 0) {
      this.#looking?.cancel();
      this.#looking = undefined;
    }
    return incoming;
  }

  #lookAtAll(): void {
    for (const [life, incoming] of [...this.#incoming]) void this.#look(life, incoming);
  }

  /** Asks the directory, then the giver. */
  async #look(life: string, { value, offer, from }: Incoming): Promise<void> {
    const { rooms, directory, peers } = this.#options;
    const found = await directory.where(life).catch(() => undefined);
    if (found !== undefined && found.offer === offer && rooms.owns(found.life) && found.life.epoch === value.epoch + 1)
      return this.activate(life, offer);
    const giver = await peers.to(from);
    const { fate, epoch } = (await giver?.fate(life, offer)) ?? { fate: "unknown", epoch: 0 };
    if (fate === "active") this.activate(life, offer);
    if (fate === "dropped") await this.drop(life, offer, epoch);
  }
}
