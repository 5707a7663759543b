/**
 * Finds out who owns the lives that this gate holds, or whose owner does not answer: by word
 * of the last owner, then from the directory, and while that is away by asking every linked
 * server in turn. It never follows a lower epoch.
 */
import type { DirectoryForGates } from "#fleet/directory.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { GateRoom } from "./gate_room.ts";
import type { GateRooms } from "./gate_rooms.ts";
import type { Links } from "./links.ts";
import type { ServerLink } from "./server_link.ts";

/** A life that nobody is known to play is looked for again so often. */
const lookEveryMs = 1000;
/** So many at a time, the next ones the next time: the rooms of a dead server may be thousands. */
const looksMax = 200;

interface ResolverOptions {
  clock: Clock;
  directory: DirectoryForGates;
  links: Links;
  rooms: GateRooms;
}

export class Resolver {
  readonly #options: ResolverOptions;
  /** Servers that have said of a life that it is not theirs, since anybody else was heard of. */
  readonly #denied = new Map<string, Set<string>>();
  #looking: Timer | undefined;
  /** Where the next look begins. */
  #from = 0;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#options.clock.every(lookEveryMs, () => this.#lookForAll());
  }

  stop(): void {
    this.#looking?.cancel();
  }

  /** `owner` plays the life from this epoch on. */
  moved(life: string, owner: string, epoch: number): void {
    const room = this.#options.rooms.get(life);
    if (!room?.moved(owner, epoch)) return;
    this.#denied.delete(life);
    this.#attach(room);
  }

  /** The server behind `link` does not play it. */
  denied(room: GateRoom, link: ServerLink): void {
    const denied = this.#denied.get(room.life) ?? new Set();
    this.#denied.set(room.life, denied.add(link.server.journal));
    void this.#look(room);
  }

  #lookForAll(): void {
    for (const life of this.#denied.keys()) if (this.#options.rooms.get(life)?.isHeld !== true) this.#denied.delete(life);
    const rooms = this.#options.rooms.unanswered;
    for (const room of rooms) room.tellIfHeldFor(lookEveryMs);
    if (this.#from >= rooms.length) this.#from = 0;
    for (const room of rooms.slice(this.#from, this.#from + looksMax)) void this.#look(room);
    this.#from += looksMax;
  }

  async #look(room: GateRoom): Promise<void> {
    const { directory } = this.#options;
    try {
      const found = await directory.where(room.life);
      if (found !== undefined) this.moved(room.life, found.life.owner, found.life.epoch);
      if (room.isHeld && !this.#attach(room) && this.#hasDenied(room, room.owner)) this.#end(room);
    } catch {
      if (room.isHeld) this.#askAround(room);
    }
  }

  /** The directory cannot say: whoever owns it says so when he is attached to, and everybody else that he does not. */
  #askAround(room: GateRoom): void {
    const links = [...this.#options.links.all()];
    const next = links.find((link) => !this.#hasDenied(room, link.server.journal));
    if (next !== undefined) room.attachTo(next);
    else this.#denied.delete(room.life);
  }

  /** False: its owner cannot be asked, or has denied it. */
  #attach(room: GateRoom): boolean {
    const link = this.#options.links.to(room.owner);
    if (link === undefined || this.#hasDenied(room, room.owner)) return false;
    room.attachTo(link);
    return true;
  }

  #hasDenied(room: GateRoom, journal: string): boolean {
    return this.#denied.get(room.life)?.has(journal) ?? false;
  }

  #end(room: GateRoom): void {
    this.#denied.delete(room.life);
    room.end(DisconnectReason.RETRY);
  }
}
