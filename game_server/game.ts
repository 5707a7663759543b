/**
 * The contract between a room and the rules it plays by, on one screen. A game is a plain
 * object of synchronous handlers: one input at a time, run to completion; no socket, no
 * clock, no await. Whatever it does goes through the table, and whatever it must remember
 * is in its state: JSON-shaped plain data, small by intent, because all of it is journalled,
 * moved and restored, also by another release.
 */
import type { Frame } from "#protocol/frame.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";
import type { DisconnectReason } from "#protocol/gen/frame_pb.ts";

export interface Game<State> {
  /** What clients write as `game_name`: lower case, digits, `_`, `-`. */
  readonly name: string;
  /** Of the shape of the state, 0 to 2^32 − 1: raised when an older release could not read it. */
  readonly version: number;
  /** Playing seats; left out: the setting SEATS. */
  readonly seats?: number;
  /** As its clients know it: tests and tools for development read its frames by this. */
  readonly protocol?: GameProtocol;
  /** A room begins, still empty. `options` is what the first sit asked for. */
  open(table: Table, options: Readonly<Record<string, unknown>>): State;
  /** `player` is here: he is told what he must know to play on. The others have heard of him. */
  arrive(table: Table, state: State, player: Player, how: Arrival): void;
  /** `player` leaves or has dropped. False: he may not yet; he goes offline and keeps his seat. */
  leave(table: Table, state: State, player: Player): boolean;
  /** A command from 100 on. Throwing a `Refused` refuses it; throwing anything else ends the room. */
  message(table: Table, state: State, player: Player, command: number, body: Uint8Array): void;
  /** A timer that the game started is due. */
  timer(table: Table, state: State, name: string): void;
  /** The system ends the room right after this: settle what must be settled. */
  dissolve(table: Table, state: State): void;
  /** One word for lobbies, such as "playing". */
  phase(state: State): string;
  /** A readable dump with what a scene would show `reader`; undefined: the public part. */
  print(table: Table, state: State, reader: Player | undefined): string;
  /** Turns the state of version `from` into today's; throws when it cannot. */
  upgrade?(state: unknown, from: number): State;
}

export interface Player {
  readonly user: number;
  /** Below `table.seats` a playing seat, from there on a watcher's index. */
  readonly seat: number;
  readonly isWatcher: boolean;
  /** False: his client has dropped or stood up and his seat is kept. */
  readonly isOnline: boolean;
  /** The claims of his token, but for those about the token. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** New in the room; back on a kept seat; here already and asking again; moved from watching to a seat. */
export type Arrival = "new" | "back" | "again" | "moved";

export interface Table {
  /** How many playing seats there are. */
  readonly seats: number;
  readonly isDevelopment: boolean;
  /** Everyone with a seat, by ascending index, watchers last. */
  readonly players: readonly Player[];

  send(user: number, frame: Frame): void;
  sendAll(frame: Frame): void;
  sendAllBut(users: readonly number[], frame: Frame): void;

  /** Calls `timer` with this name once, in `delayMs`. A running timer of that name is replaced. */
  startTimer(name: string, delayMs: number): void;
  /** Calls `timer` with this name every `everyMs`. Ticks that are missed are not made up. */
  startTicker(name: string, everyMs: number): void;
  stopTimer(name: string): void;
  /** Milliseconds until the timer is due, 0 when there is none. */
  leftMs(name: string): number;

  /** A whole number in [least, most], unpredictable for players, the same after a restore. */
  random(least: number, most: number): number;

  /** Frees a seat; all who remain are told, and so is he when he is online. */
  standUp(user: number): void;
  /** Sends a session out of the room with a Disconnect and frees its seat. */
  disconnect(user: number, reason: DisconnectReason): void;
  /** Ends the room when this handler has returned. `dissolve` is not called. */
  dissolve(): void;
  /** Moves a watcher to a free playing seat (the lowest one); false when there is none. */
  moveToSeat(user: number, seat?: number): boolean;
  /** Moves a player to the watchers; false when there is no room. */
  moveToWatch(user: number): boolean;

  /** One line about a finished game: who has which points. */
  logSettlement(points: Readonly<Record<string, number>>): void;
  log(text: string): void;
}
