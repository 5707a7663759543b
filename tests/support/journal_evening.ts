/**
 * An evening as a journal sees it: turns in which rooms are opened, change and end, made up
 * from their numbers, so that every process knows what the others wrote.
 */
import type { Commit } from "#game_server/journal.ts";

/** Rooms by life, as text. */
export type Contents = ReadonlyMap<string, string>;

const roomsAtOnce = 7;

/** What turn `turn`, from 1 on, writes: a room or two, and now and then the end of one. */
export function turnOf(turn: number): Commit {
  const isRoundOver = turn % roomsAtOnce === 0;
  const kept = [roomOf(turn, turn), ...(turn % 3 === 0 ? [roomOf(turn - 1, turn)] : [])];
  return { clockMs: turn * 10.25, kept, ended: isRoundOver ? [lifeOf(turn - 3)] : [] };
}

/** The rooms that are there after `turn` turns. */
export function contentsAfter(turn: number): Contents {
  const rooms = new Map<string, string>();
  for (let at = 1; at <= turn; at++) {
    const { kept, ended } = turnOf(at);
    for (const { life, value } of kept) rooms.set(life, value);
    for (const life of ended) rooms.delete(life);
  }
  return rooms;
}

function roomOf(number: number, turn: number): { life: string; value: string } {
  const life = lifeOf(number);
  return { life, value: JSON.stringify({ life, turn, state: "♠".repeat((turn * 97) % 400), big: turn % 5 === 0 ? "x".repeat(6000) : "" }) };
}

function lifeOf(number: number): string {
  return (number % roomsAtOnce).toString(16).padStart(16, "a");
}
