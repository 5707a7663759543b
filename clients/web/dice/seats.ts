/** Who sits where, as it is drawn: chairs in order, and whoever watches. */
import type { Player } from "#clients/client.ts";
import type { TableState } from "./table_state.ts";

export interface Chair {
  /** Counts from 0. */
  readonly seat: number;
  readonly player: Player | undefined;
}

export interface Seating {
  readonly chairs: readonly Chair[];
  readonly watchers: readonly Player[];
}

/**
 * Whoever came back to a kept seat has not been told who else is there, nor which seat his is: those who have rolled are at
 * the table, and take the first chairs that nobody is known to have. Only while they play: the settlement stands up whoever is
 * away, and his points are shown until the next game.
 */
export function seatingOf({ players, points, phase }: Pick<TableState, "players" | "points" | "phase">, seats: number): Seating {
  const known = new Set(players.map(({ user }) => user));
  const rolled = phase === "playing" ? [...points.keys()] : [];
  const guessed = rolled.filter((user) => !known.has(user)).map((user) => ({ user, seat: undefined, isOnline: true }));
  const byChair = new Map<number, Player>();
  for (const player of players) if (player.seat !== undefined && player.seat < seats) byChair.set(player.seat, player);
  for (const player of [...players, ...guessed]) if (player.seat === undefined) byChair.set(firstFree(byChair), player);
  const count = Math.max(seats, ...[...byChair.keys()].map((seat) => seat + 1));
  return {
    chairs: Array.from({ length: count }, (_, seat) => ({ seat, player: byChair.get(seat) })),
    watchers: players.filter(({ seat }) => seat !== undefined && seat >= seats),
  };
}

function firstFree(taken: ReadonlyMap<number, unknown>): number {
  let seat = 0;
  while (taken.has(seat)) seat += 1;
  return seat;
}
