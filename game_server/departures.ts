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
import type { Log } from "#runtime/log.ts";
import type { Fate, PeerLink } from "./peer_link.ts";
import type { Peers } from "./peers.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** A taker that does not answer is asked again so often what became of the offer. */
const settleEveryMs = 500;

interface DeparturesOptions {
  clock: Clock;
  entropy: Entropy;
  log: Log;
  rooms: Rooms;
  directory: DirectoryForServers;
  peers: Peers;
  /** A room is gone, or plays on. */
  onChange(): void;
}

/** What a room that is outgoing was offered by, and to whom. */
interface Outgoing {
  readonly offer: string;
  readonly to: string;
}

export class Departures {
  readonly #options: DeparturesOptions;
  readonly #underWay = new Map<string, string>();
  readonly #timers = new Set<{ cancel(): void }>();
  #stage: "up" | "stopped" = "up";

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#underWay.size;
  }

  /** Gives `room` to the server behind `link`. Resolves when it is known whose it is: true = the taker's. */
  async give(room: Room, link: PeerLink): Promise<boolean> {
    const { clock, rooms, entropy } = this.#options;
    if (!room.isPlayed) return false;
    const offer = hex64(entropy);
    this.#begin(room, offer, link.server.journal);
    room.freeze();
    const frozenAtMs = clock.now();
    await rooms.committed();
    const refusal = await link.offer(offer, JSON.stringify(room.value), frozenAtMs);
    if (refusal !== "") {
      void link.drop(room.life, offer);
      return this.#playOn(room, room.ownership.epoch, refusal ?? "no answer");
    }
    if (!room.isFrozen) return this.#playOn(room, room.ownership.epoch, "it has ended meanwhile");
    const outgoing = { offer, to: link.server.journal };
    room.markOutgoing(outgoing);
    rooms.sync();
    await rooms.committed();
    return this.#commit(room, outgoing, link.server.boot);
  }

  /** Goes on with a room that was outgoing when an earlier process ended. */
  resume(room: Room): void {
    const { passage } = room.value;
    if (passage?.is !== "outgoing") return;
    room.freeze();
    this.#begin(room, passage.offer, passage.to);
    void this.#settle(room, passage);
  }

  /** What became of an offer of ours, for a taker that has heard nothing more. */
  fate(life: string, offer: string): Fate {
    if (this.#underWay.get(life) === offer) return "unknown";
    return this.#options.rooms.hasLeft(life, offer) ? "active" : "dropped";
  }

  stop(): void {
    this.#stage = "stopped";
    for (const timer of this.#timers) timer.cancel();
  }

  #begin(room: Room, offer: string, to: string): void {
    this.#underWay.set(room.life, offer);
    room.log.info("move start", { "link.peer": to });
  }

  async #commit(room: Room, outgoing: Outgoing, boot: number): Promise<boolean> {
    const from = room.ownership;
    const to: Life = { ...from, owner: outgoing.to, boot, epoch: from.epoch + 1 };
    const outcome = await this.#options.directory.move(from, to, outgoing.offer).catch(() => "unknown");
    return outcome === "moved" ? this.#given(room, outgoing) : this.#settle(room, outgoing);
  }

  /** Nobody has said whether the life was moved: the taker's word decides. */
  async #settle(room: Room, outgoing: Outgoing): Promise<boolean> {
    while (this.#stage === "up") {
      const taker = await this.#options.peers.to(outgoing.to);
      const fate = await taker?.drop(room.life, outgoing.offer);
      if (fate === "active") return this.#given(room, outgoing);
      if (fate === "dropped") {
        const { epoch } = room.ownership;
        const isOurs = this.#playOn(room, epoch + 2, "the directory did not answer");
        this.#options.rooms.whenCommitted(() => this.#options.directory.raise(room.ownership));
        return isOurs;
      }
      await this.#pass(settleEveryMs);
    }
    return false;
  }

  async #given(room: Room, { offer, to }: Outgoing): Promise<boolean> {
    const { rooms, peers } = this.#options;
    if (this.#stage === "stopped") return true;
    this.#underWay.delete(room.life);
    void peers.to(to).then((taker) => taker?.activate(room.life, offer));
    rooms.give(room, offer, to);
    room.log.info("move end", { "link.peer": to });
    this.#options.onChange();
    return true;
  }

  #playOn(room: Room, epoch: number, why: string): boolean {
    this.#underWay.delete(room.life);
    room.log.warn("move back", { "event.reason": why });
    if (this.#stage === "up") room.thaw(epoch);
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
