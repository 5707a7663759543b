/**
 * Rooms that this server gives to another one, each with its state and while its players'
 * sockets stay. Nobody plays a room between the freeze and the commit, and whoever does not
 * know whether the directory has committed does not play:
 *
 *     freeze ──> offer ──> yes ──> outgoing, written down ──> the directory moves the life ──> given
 *                  │                                              │ no answer, or no
 *                  └── no, or silence ──> thaw                    v
 *                                                  the taker: dropped ──> thaw at epoch + 2
 *                                                             active ──> given
 */
import type { DirectoryForServers, Life } from "#fleet/directory.ts";
import type { Clock } from "#runtime/clock.ts";
import { type Entropy, hex64 } from "#runtime/entropy.ts";
import { nanoseconds } from "#runtime/log_fields.ts";
import type { Fate, PeerLink } from "./peer_link.ts";
import type { Peers } from "./peers.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** What comes of an offer: the room is the taker's, or stays, and then perhaps for good. */
export type Given = "given" | "refused" | "unreadable";

/** A taker that does not answer is asked again so often what became of the offer. */
const settleEveryMs = 500;

interface DeparturesOptions {
  clock: Clock;
  entropy: Entropy;
  rooms: Rooms;
  directory: DirectoryForServers;
  peers: Peers;
  /** A room is gone; nobody has played it for so long. */
  onMoved(pauseMs: number): void;
  /** A room is gone, or plays on. */
  onChange(): void;
}

/** What a room that is outgoing was offered by, and to whom. */
interface Outgoing {
  readonly offer: string;
  readonly to: string;
  /** The taker has been asked to drop it, perhaps: then it may have, whatever the directory says. */
  readonly isTakenBack: boolean;
}

/** `called off`: what is not outgoing yet stays, and nothing more is offered. */
type Stage = "up" | "called off" | "stopped";

export class Departures {
  readonly #options: DeparturesOptions;
  /** Offers under way, by life. */
  readonly #underWay = new Map<string, { readonly offer: string; readonly sinceMs: number }>();
  readonly #timers = new Set<{ cancel(): void }>();
  #stage: Stage = "up";
  /** Rooms that did not go after all. */
  movedBack = 0;

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  /** Whether that could come about now: a room that is frozen in vain is a pause for its players. */
  mayGive(room: Room, link: PeerLink): boolean {
    const { rooms, directory } = this.#options;
    const isPossible = room.isPlayed && this.#stage === "up" && !rooms.isStalled && directory.isReachable;
    return isPossible && link.takesRooms && link.reads(room.game, room.version);
  }

  /** Gives `room` to the server behind `link`. Resolves when it is known whose it is. */
  async give(room: Room, link: PeerLink): Promise<Given> {
    const { clock, rooms } = this.#options;
    if (!this.mayGive(room, link)) return "refused";
    const offer = this.newOffer(room.life);
    this.#begin(room, offer, link.server.journal);
    room.freeze();
    const frozenAtMs = clock.now();
    await rooms.committed();
    const answer = await link.offer(offer, JSON.stringify(room.value), frozenAtMs);
    if (answer?.yes !== true || !room.isFrozen) {
      void link.drop(room.life, offer, room.ownership.epoch);
      this.#playOn(room, room.ownership.epoch, answer?.sentence || "no answer, or no more time");
      return answer?.unreadable === true ? "unreadable" : "refused";
    }
    const outgoing = { offer, to: link.server.journal, isTakenBack: false };
    room.markOutgoing({ offer, to: outgoing.to });
    rooms.sync();
    await rooms.committed();
    return (await this.#commit(room, outgoing, link.server.boot)) ? "given" : "refused";
  }

  /** A name for an offer of the life: answers, the directory and whoever asks later speak of this very one. */
  newOffer(_life: string): string {
    return hex64(this.#options.entropy);
  }

  /** Goes on with a room that was outgoing when an earlier process ended. */
  resume(room: Room): void {
    const { passage } = room.value;
    if (passage?.is !== "outgoing") return;
    room.freeze();
    this.#begin(room, passage.offer, passage.to);
    void this.#settle(room, { ...passage, isTakenBack: true });
  }

  /** What became of an offer of ours, for a taker that has heard nothing more. */
  fate(life: string, offer: string): Fate {
    const { rooms } = this.#options;
    if (this.#underWay.get(life)?.offer === offer || rooms.mayHaveLeft(life, offer)) return "unknown";
    return rooms.hasLeft(life, offer) ? "active" : "dropped";
  }

  /** At which this server has the life; 0: it has it no more. */
  epochOf(life: string): number {
    return this.#options.rooms.alive(life)?.ownership.epoch ?? 0;
  }

  /** Nobody waits for answers any more: rooms play on at once unless they may be the taker's already. */
  callOff(): void {
    this.#stage = "called off";
    for (const room of [...this.#options.rooms.all()]) {
      if (room.isFrozen && !room.isOutgoing) room.thaw(room.ownership.epoch);
    }
  }

  stop(): void {
    this.#stage = "stopped";
    for (const timer of this.#timers) timer.cancel();
  }

  #begin(room: Room, offer: string, to: string): void {
    this.#underWay.set(room.life, { offer, sinceMs: this.#options.clock.now() });
    room.log.info("move start", { "link.peer": to });
  }

  async #commit(room: Room, outgoing: Outgoing, boot: number): Promise<boolean> {
    const from = room.ownership;
    const to: Life = { ...from, owner: outgoing.to, boot, epoch: from.epoch + 1 };
    const outcome = await this.#options.directory.move(from, to, outgoing.offer).catch(() => "unknown");
    return outcome === "moved" ? this.#given(room, outgoing) : this.#settle(room, outgoing);
  }

  /** Nobody has said whether the life was moved: the taker's word decides, or the directory's while the taker is away. */
  async #settle(room: Room, outgoing: Outgoing): Promise<boolean> {
    let { isTakenBack } = outgoing;
    while (this.#stage !== "stopped") {
      const taker = await this.#options.peers.to(outgoing.to);
      isTakenBack ||= taker !== undefined;
      const fate = await this.#fateOf(room, { ...outgoing, isTakenBack }, taker);
      if (fate === "active") return this.#given(room, outgoing);
      if (fate === "dropped") {
        const isOurs = this.#playOn(room, room.ownership.epoch + 2, "the directory did not answer");
        this.#options.rooms.whenCommitted(() => this.#options.directory.raise(room.ownership));
        return isOurs;
      }
      await this.#pass(settleEveryMs);
    }
    return false;
  }

  async #fateOf(room: Room, { offer, to, isTakenBack }: Outgoing, taker: PeerLink | undefined): Promise<Fate> {
    const from = room.ownership;
    const fate = (await taker?.drop(room.life, offer, from.epoch + 2)) ?? "unknown";
    if (fate !== "unknown") return fate;
    const kept = await this.#options.directory.keep(from, { ...from, epoch: from.epoch + 2 }, to).catch(() => "unknown");
    if (kept === "moved") return isTakenBack ? "unknown" : "active";
    return kept === "kept" ? "dropped" : "unknown";
  }

  async #given(room: Room, { offer, to }: Outgoing): Promise<boolean> {
    const { rooms, peers, clock } = this.#options;
    if (this.#stage === "stopped") return true;
    const pauseMs = clock.now() - (this.#underWay.get(room.life)?.sinceMs ?? clock.now());
    this.#underWay.delete(room.life);
    void peers.to(to).then((taker) => taker?.activate(room.life, offer));
    rooms.give(room, offer, to);
    room.log.info("move end", { "link.peer": to, "event.duration": nanoseconds(pauseMs) });
    this.#options.onMoved(pauseMs);
    this.#options.onChange();
    return true;
  }

  #playOn(room: Room, epoch: number, why: string): boolean {
    this.#underWay.delete(room.life);
    this.movedBack += 1;
    room.log.warn("move back", { "event.reason": why });
    if (this.#stage !== "stopped") room.thaw(epoch);
    this.#options.onChange();
    return false;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, () => {
        this.#timers.delete(timer);
        resolve();
      });
      this.#timers.add(timer);
    });
  }
}
