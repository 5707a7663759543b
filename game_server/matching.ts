/**
 * Which open rooms have free seats, by game and options, so that a sit without a room id
 * finds one without looking at all of them. Private rooms never come here.
 */
import type { Room } from "./room.ts";

/** Kinds of rooms (game and options) a server tells its gates about; more are matched by the server alone. */
const freeKindsMax = 256;

export interface FreeSeats {
  readonly game: string;
  readonly options: string;
  readonly seats: number;
}

interface Kind {
  readonly game: string;
  readonly options: string;
  /** Rooms with free seats. */
  readonly rooms: Set<Room>;
  seats: number;
}

export class Matching {
  readonly #kinds = new Map<string, Kind>();
  /** Of rooms that have any. */
  readonly #free = new Map<Room, number>();

  /** A room has opened, or who sits there has changed. */
  update(room: Room): void {
    const free = room.isPrivate ? 0 : room.freeSeats;
    const before = this.#free.get(room) ?? 0;
    if (free === before) return;
    if (free > 0) this.#free.set(room, free);
    else this.#free.delete(room);
    const key = keyOf(room.game, room.options);
    const kind = this.#kinds.get(key) ?? { game: room.game, options: room.options, rooms: new Set(), seats: 0 };
    kind.seats += free - before;
    if (free > 0) kind.rooms.add(room);
    else kind.rooms.delete(room);
    if (kind.rooms.size > 0) this.#kinds.set(key, kind);
    else this.#kinds.delete(key);
  }

  /** A room with a free seat; the one that has had one for longest. */
  find(game: string, options: string): Room | undefined {
    for (const room of this.#kinds.get(keyOf(game, options))?.rooms ?? []) {
      if (room.freeSeats > 0) return room;
    }
    return undefined; // none that is not already full or over in this very turn
  }

  get free(): FreeSeats[] {
    return [...this.#kinds.values()].slice(0, freeKindsMax).map(({ game, options, seats }) => ({ game, options, seats }));
  }
}

function keyOf(game: string, options: string): string {
  return `${game}\n${options}`;
}
