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
