/** The open tables, asked for again and again. */
import { useEffect, useState } from "preact/hooks";

export interface OpenRoom {
  readonly id: string;
  readonly seats: number;
  readonly free: number;
  readonly watchers: number;
  readonly phase: string;
}

export type Rooms = { readonly is: "asking" | "away" } | { readonly is: "there"; readonly rooms: readonly OpenRoom[] };

export function useRooms(everyMs: number): Rooms {
  const [rooms, setRooms] = useState<Rooms>({ is: "asking" });
  useEffect(() => {
    let isOver = false;
    const ask = async (): Promise<void> => {
      const answer = await askRooms();
      if (isOver) return;
      setRooms(answer);
      timer = setTimeout(() => void ask(), everyMs);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [everyMs]);
  return rooms;
}

async function askRooms(): Promise<Rooms> {
  try {
    const answer = await fetch("/rooms?game=dice");
    if (!answer.ok) return { is: "away" };
    const { rooms } = (await answer.json()) as { rooms: readonly OpenRoom[] };
    return { is: "there", rooms: rooms.toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id))) };
  } catch {
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
