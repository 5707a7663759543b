/** The ledger in a room as a journal holds it, as the verdict reads it. */
import type { RoomValue } from "#game_server/room_value.ts";
import type { LedgerState } from "./ledger.ts";
import type { FinalBook } from "./verdict.ts";

export function finalBook({ state, room, owner, seats, isOver }: RoomValue): FinalBook {
  const { book, events } = state as LedgerState;
  return { book, events, name: room, owner, users: seats.map(({ user }) => user), isOver };
}
