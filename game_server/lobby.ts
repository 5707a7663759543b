/**
 * What a lobby is told of the rooms here (PROTOCOL §1.6): a list that anybody may ask for, so it is as long as a lobby can
 * show, however many rooms there are, and its answer fits a batch of the link.
 */
import type { Room } from "./room.ts";

/** Rooms in one answer of this server: more than anybody looks through, and a small part of a batch. */
export const lobbyRoomsMax = 1000;
/** A phase is one word (`Game.phase`), in whatever language; of a longer one this much is told. */
const phaseCharactersMax = 64;

type Summary = NonNullable<ReturnType<Room["summary"]>>;

/** Those with free seats first. */
export function roomsForLobby(all: Iterable<Room>, game: string): Summary[] {
  return chosen(all, game).flatMap((room) => {
    const summary = room.summary();
    return summary === undefined ? [] : { ...summary, phase: summary.phase.slice(0, phaseCharactersMax) };
  });
}

/** In one walk, and no room is asked for more than it knows by itself. */
function chosen(all: Iterable<Room>, game: string): Room[] {
  const free: Room[] = [];
  const full: Room[] = [];
  for (const room of all) {
    if (room.game !== game || room.isPrivate) continue;
    const kind = room.freeSeats > 0 ? free : full;
    if (kind.length < lobbyRoomsMax) kind.push(room);
    if (free.length === lobbyRoomsMax) break;
  }
  return [...free, ...full].slice(0, lobbyRoomsMax);
}
