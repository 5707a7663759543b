/**
 * Rooms in play, by name. A directory keeps a name to one life, but here there may be two for a while: one was offered to
 * this server, its giver's lives were taken as abandoned, the name was opened anew, and the offer turns out to be good. The
 * directory says which of them loses; until then the one that had the name first is found, and afterwards the one that is left.
 */

/** What has a name. */
export interface Named {
  readonly game: string;
  readonly id: string;
}

export class Names<Room extends Named> {
  readonly #rooms = new Map<string, Room>();
  /** Whose name another life has. There is hardly ever one. */
  readonly #others = new Set<Room>();

  has(game: string, id: string): boolean {
    return this.#rooms.has(nameOf(game, id));
  }

  get(game: string, id: string): Room | undefined {
    return this.#rooms.get(nameOf(game, id));
  }

  add(room: Room): void {
    const name = nameOf(room.game, room.id);
    if (this.#rooms.has(name)) this.#others.add(room);
    else this.#rooms.set(name, room);
  }

  remove(room: Room): void {
    const name = nameOf(room.game, room.id);
    this.#others.delete(room);
    if (this.#rooms.get(name) !== room) return;
    this.#rooms.delete(name);
    const heir = this.#others.values().find(({ game, id }) => nameOf(game, id) === name);
    if (heir === undefined) return;
    this.#others.delete(heir);
    this.#rooms.set(name, heir);
  }
}

/** What a life is called. */
export function nameOf(game: string, room: string): string {
  return `${game}/${room}`;
}
