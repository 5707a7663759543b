/** Who sits where on this server: each user in one room, and how many sit in the rooms of each game. */
import { Tally } from "#runtime/metrics.ts";
import type { Room } from "./room.ts";

export class Places {
  readonly #rooms = new Map<number, Room>();
  readonly #counts = new Tally<string>();

  get count(): number {
    return this.#rooms.size;
  }

  countOf(game: string): number {
    return this.#counts.of(game);
  }

  has(user: number): boolean {
    return this.#rooms.has(user);
  }

  of(user: number): Room | undefined {
    return this.#rooms.get(user);
  }

  /** `user` sits in `room` from now on, wherever he sat before. */
  set(user: number, room: Room): void {
    const before = this.#rooms.get(user);
    if (before !== undefined) this.#counts.add(before.game, -1);
    this.#counts.add(room.game);
    this.#rooms.set(user, room);
  }

  /** `user` sits in `room` no more, if he did. */
  leave(user: number, room: Room): void {
    if (this.#rooms.get(user) !== room) return;
    this.#counts.add(room.game, -1);
    this.#rooms.delete(user);
  }
}
