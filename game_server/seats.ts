/**
 * Who sits where in one room: plain data with a few questions and changes, no announcements.
 * Playing seats have the indices below `playing`, watchers those from there on.
 */

/** The session at the other end of a seat's way, and how far the two are. */
interface Connection {
  /** The boot of the session's gate. */
  readonly gate: string;
  readonly session: number;
  /** The last input applied. */
  last: number;
  /** The last output that was none of this session's: everything after it may be. `notKept`: what it was told may not be kept any more. */
  after: number;
}

/** As `after`, of a session that may not know yet that it sits here, and whose gate has heard and confirmed things since. */
export const notKept = -1;

/** A seat's way to its client. */
export type Way =
  | ({ readonly is: "online" } & Connection)
  /** Cut by us: nobody is told, and the session may be taken up again until HOLD. */
  | ({ readonly is: "absent"; readonly sinceMs: number } & Connection)
  /** The client has left or dropped, and the game keeps the seat. */
  | { readonly is: "offline" };

export interface Seat {
  readonly user: number;
  index: number;
  /** The claims of the token he sat down with. */
  claims: Readonly<Record<string, unknown>>;
  way: Way;
}

export class Seats {
  readonly playing: number;
  readonly watchersMax: number;
  readonly #seats: Seat[];

  /** `seats` stays the caller's array: it is part of the room's value. Ascending by index. */
  constructor(seats: Seat[], { playing, watchersMax }: { playing: number; watchersMax: number }) {
    this.#seats = seats;
    this.playing = playing;
    this.watchersMax = watchersMax;
  }

  /** By ascending index. */
  get all(): readonly Seat[] {
    return this.#seats;
  }

  of(user: number): Seat | undefined {
    return this.#seats.find((seat) => seat.user === user);
  }

  at(gate: string, session: number): Seat | undefined {
    return this.#seats.find(({ way }) => way.is !== "offline" && way.session === session && way.gate === gate);
  }

  isWatcher({ index }: Seat): boolean {
    return index >= this.playing;
  }

  get playersCount(): number {
    return this.#seats.reduce((count, seat) => count + (this.isWatcher(seat) ? 0 : 1), 0);
  }

  get watchersCount(): number {
    return this.#seats.length - this.playersCount;
  }

  get freeCount(): number {
    return this.playing - this.playersCount;
  }

  /** The index for somebody new (PROTOCOL §3); undefined when the room is full. */
  indexFor(wanted: number, watch: boolean): number | undefined {
    return watch ? this.freeWatcher() : (this.freePlaying(wanted) ?? this.freeWatcher());
  }

  /** `wanted` if it is a free playing seat, otherwise the lowest free one. */
  freePlaying(wanted: number): number | undefined {
    return this.isFreePlaying(wanted) ? wanted : this.#lowestFree(0, this.playing);
  }

  isFreePlaying(index: number): boolean {
    return index >= 0 && index < this.playing && !this.#isTaken(index);
  }

  freeWatcher(): number | undefined {
    return this.#lowestFree(this.playing, this.playing + this.watchersMax);
  }

  add(seat: Seat): void {
    const after = this.#seats.findIndex(({ index }) => index > seat.index);
    this.#seats.splice(after === -1 ? this.#seats.length : after, 0, seat);
  }

  remove(seat: Seat): void {
    const at = this.#seats.indexOf(seat);
    if (at !== -1) this.#seats.splice(at, 1);
  }

  move(seat: Seat, index: number): void {
    this.remove(seat);
    seat.index = index;
    this.add(seat);
  }

  #isTaken(index: number): boolean {
    return this.#seats.some((seat) => seat.index === index);
  }

  #lowestFree(from: number, to: number): number | undefined {
    for (let index = from; index < to; index++) if (!this.#isTaken(index)) return index;
    return undefined;
  }
}
