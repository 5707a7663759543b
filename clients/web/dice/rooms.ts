/** The open tables, asked for again and again. */
import { useState } from "preact/hooks";
import { askGate } from "#clients/web/shared/gate.ts";
import { usePoll } from "#clients/web/shared/poll.ts";

export interface OpenRoom {
  readonly id: string;
  readonly seats: number;
  readonly free: number;
  readonly watchers: number;
  readonly phase: string;
}

export type Rooms = { readonly is: "asking" | "away" } | { readonly is: "there"; readonly rooms: readonly OpenRoom[] };

/** Of a table that the list does not have yet. */
const askSeatsEveryMs = 10_000;
/** Of a game that does not say: the server's own default. */
const seatsUsual = 4;

export function useRooms(everyMs: number): Rooms {
  const [rooms, setRooms] = useState<Rooms>({ is: "asking" });
  usePoll(async (signal) => setRooms(await askRooms(signal)), everyMs, []);
  return rooms;
}

/**
 * How many playing seats a table has; until the list has it as many as others have. The list is of all tables, and a life's
 * seats do not change: whoever knows them asks no more.
 */
export function useSeats(table: string): number {
  const [{ seats, isKnown }, setSeats] = useState({ seats: seatsUsual, isKnown: false });
  const look = async (signal: AbortSignal): Promise<void> => {
    const answer = await askRooms(signal);
    if (answer.is !== "there") return;
    const room = answer.rooms.find(({ id }) => id === table);
    setSeats({ seats: (room ?? answer.rooms[0])?.seats ?? seatsUsual, isKnown: room !== undefined });
  };
  usePoll(look, isKnown ? undefined : askSeatsEveryMs, [table]);
  return seats;
}

/** @throws when `signal` says that nobody waits any more. */
async function askRooms(signal: AbortSignal): Promise<Rooms> {
  try {
    const answer = await askGate("/rooms?game=dice", signal);
    if (!answer.ok) return { is: "away" };
    const { rooms } = (await answer.json()) as { rooms: readonly OpenRoom[] };
    return { is: "there", rooms: rooms.toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id))) };
  } catch {
    signal.throwIfAborted();
    return { is: "away" };
  }
}

/** The lowest number that no open table has. */
export function freshTable(rooms: readonly OpenRoom[]): string {
  const taken = new Set(rooms.map(({ id }) => id));
  let number = 1;
  while (taken.has(String(number))) number += 1;
  return String(number);
}

/** The fullest table with a free seat, or else a new one: company is found soonest there. */
export function bestTable(rooms: readonly OpenRoom[]): string {
  const [best] = rooms.filter(({ free }) => free > 0).toSorted((a, b) => a.free - b.free);
  return best?.id ?? freshTable(rooms);
}
