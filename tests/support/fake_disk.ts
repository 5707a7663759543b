/** A game server's disk in this process: it keeps what was committed, and may be full. */
import { type Commit, type Journal, JournalFull, noDamage } from "#game_server/journal.ts";
import { isGone, type RoomValue, type StoredValue } from "#game_server/room_value.ts";

export class FakeDisk {
  /** What the next commits find, one each, and then every other one. */
  readonly nextIsFull: boolean[] = [];
  isFull = false;
  readonly rooms = new Map<string, string>();
  readonly #id: string;
  #boot = 0;

  constructor(id = "00000000000000aa") {
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  open(): Journal {
    this.#boot += 1;
    const load = () => [...this.rooms].map(([life, value]) => ({ life, value }));
    const commit = (written: Commit): void => this.#commit(written);
    return { id: this.#id, boot: this.#boot, isDurable: true, clockMs: 0, damage: noDamage, load, commit, close: () => {} };
  }

  /** The room with this id, as it was written down last; what is known of one that has left does not count. */
  written(room: string): RoomValue | undefined {
    const values = [...this.rooms.values()].map((json) => JSON.parse(json) as StoredValue);
    return values.find((value): value is RoomValue => !isGone(value) && value.room === room);
  }

  #commit({ kept, ended }: Commit): void {
    if (this.nextIsFull.shift() ?? this.isFull) throw new JournalFull("full");
    for (const { life, value } of kept) this.rooms.set(life, value);
    for (const life of ended) this.rooms.delete(life);
  }
}
