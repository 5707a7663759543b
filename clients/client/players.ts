/** Who is in the room, folded from what the room says of those who come and go (PROTOCOL §2). */
import { decode } from "#protocol/frame.ts";
import { Command, Int64Schema, UserSchema } from "#protocol/gen/frame_pb.ts";

/** Somebody with a seat in the room. */
export interface Player {
  /** As in `client.user`. */
  readonly user: bigint;
  /** Playing seats come first, watchers' places after them. Undefined: the room has not said. */
  readonly seat: number | undefined;
  /** False: he has dropped or stood up, and his seat is kept. */
  readonly isOnline: boolean;
}

export class Players {
  readonly #players = new Map<bigint, Player>();

  /** By ascending seat. */
  get list(): readonly Player[] {
    return [...this.#players.values()].sort((a, b) => (a.seat ?? Number.POSITIVE_INFINITY) - (b.seat ?? Number.POSITIVE_INFINITY));
  }

  of(user: bigint): Player | undefined {
    return this.#players.get(user);
  }

  clear(): void {
    this.#players.clear();
  }

  /** Takes a frame in; false: it says nothing of players. */
  hear(command: number, body: Uint8Array): boolean {
    if (command === Command.SIT_DOWN) this.#sit(body);
    else if (command === Command.STAND_UP) this.#players.delete(decode(Int64Schema, body).v);
    else if (command === Command.ONLINE) this.#online(decode(Int64Schema, body).v);
    else return false;
    return true;
  }

  #sit(body: Uint8Array): void {
    const { id, seat, online } = decode(UserSchema, body);
    this.#players.set(id, { user: id, seat, isOnline: online });
  }

  #online(signed: bigint): void {
    const user = signed < 0n ? -signed : signed;
    this.#players.set(user, { user, seat: this.#players.get(user)?.seat, isOnline: signed > 0n });
  }
}
