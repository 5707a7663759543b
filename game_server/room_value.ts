/**
 * A room's whole life as plain data. Everything a room remembers is in here, so that it can
 * be journalled, moved and restored, and go on as if nothing had happened. What is not in
 * here (where sessions are, a pending wake-up) is worked out anew after a restore.
 */
import type { Life } from "#fleet/directory.ts";
import type { OutboxValue } from "./outbox.ts";
import type { RandomValue } from "./random.ts";
import type { Seat } from "./seats.ts";
import type { TimerValue } from "./timers.ts";

export interface RoomValue extends Life {
  epoch: number;
  /** The offer by which it came here; "" when it was opened here. */
  readonly offer: string;
  /** Its owner is about to change; left out: it is played. */
  passage?: Passage | undefined;
  /** Of the state's shape: `Game.version` of the release that wrote it. */
  version: number;
  /** Playing seats. */
  readonly playing: number;
  /** Canonical JSON of the options it was opened with, "" for none. */
  readonly options: string;
  readonly random: RandomValue;
  readonly timers: Record<string, TimerValue>;
  readonly seats: Seat[];
  readonly outbox: OutboxValue;
  /** Gates whose link is lost, with the server's own clock: what is kept for them is kept until HOLD. */
  readonly lostGates: Record<string, number>;
  /** Nobody sits here any more; the room is kept until every gate has its last words. */
  isOver: boolean;
  state: unknown;
}

/** A change of owner that is under way, as each end has it written down. */
export type Passage =
  /** Offered to us: not played before there is proof that this very offer was committed. */
  | { readonly is: "incoming"; readonly offer: string; readonly from: string }
  /** Given away by us, and perhaps committed: not played before the taker has let go of it. */
  | { readonly is: "outgoing"; readonly offer: string; readonly to: string };

/** A life that was here and is not any more. Kept for a day: whoever still asks for it, or for the offer that brought it, is answered. */
export interface GoneNote {
  readonly is: "gone";
  readonly game: string;
  readonly room: string;
  readonly life: string;
  /** The epoch of its next owner, or its last one. */
  readonly epoch: number;
  /** The journal of its next owner; "" when it has ended here. */
  readonly to: string;
  /** The offers by which it came here and left; "" for none. */
  readonly came: string;
  readonly left: string;
  /** The server's own clock: a wall clock that jumps makes it forget nothing. */
  readonly atMs: number;
}

/** What a journal has of a life. */
export type StoredValue = RoomValue | GoneNote;

export function isGone(value: StoredValue): value is GoneNote {
  return (value as GoneNote).is === "gone";
}

/** Which life it is and whose, as directories know it. */
export function ownershipOf({ game, room, life, owner, epoch, boot, openedAtMs }: RoomValue): Life {
  return { game, room, life, owner, epoch, boot, openedAtMs };
}

/** Whatever is due or counted on one server's own clock, as it is on another's that is so much ahead. */
export function shiftTimes(value: RoomValue, aheadMs: number): void {
  for (const timer of Object.values(value.timers)) timer.dueMs += aheadMs;
  for (const gate of Object.keys(value.lostGates)) value.lostGates[gate] = (value.lostGates[gate] ?? 0) + aheadMs;
  for (const seat of value.seats) if (seat.way.is === "absent") seat.way = { ...seat.way, sinceMs: seat.way.sinceMs + aheadMs };
}
