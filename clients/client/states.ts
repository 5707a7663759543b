/**
 * What a client is doing, as a union whose members hold only what is true in them. Every change is one `state` event.
 *
 *     connecting ──> seated ──notice──> moving, paused ──> back ──> …
 *         │  ↑          └─ connection or room lost ─> connecting ─> back, or seated anew
 *         ↓  │
 *       outside          the room is over, or none was asked for: the connection stays
 *         └──> gone      for good
 */
import type { CroupierError } from "./errors.ts";

/** What a client is doing: told apart by `is`. */
export type ClientState = Connecting | Outside | Seated | Paused | Moving | Back | BackFromMove | Gone;

/** On the way to a connection or to a seat: what is sent is kept for later. */
export interface Connecting {
  readonly is: "connecting";
  /** Why there is none yet, or none any more. */
  readonly because: ConnectingBecause;
  /** Counts from 1 since the last success. */
  readonly attempt: number;
  /** Milliseconds until the attempt is made. */
  readonly delayMs: number;
  /** For a log: the words of the close, of the refusal or of the failure. May be empty. */
  readonly detail: string;
}

/** Connected, and in no room. */
export interface Outside {
  readonly is: "outside";
  /** Why there is none. */
  readonly because: OutsideBecause;
  /** Of `refused`. */
  readonly error?: CroupierError;
}

/** In the room, on a seat that is new: a scene follows. */
export interface Seated {
  readonly is: "seated";
}

/** The gate cannot reach the room's server. Nothing is lost: what is sent is kept there and applied once. */
export interface Paused {
  readonly is: "paused";
  /** Milliseconds until the gate gives up, from the beginning; undefined: never. */
  readonly deadlineMs: number | undefined;
}

/** The room goes to another server, or stands still for a restart: a pause, and nothing is lost. */
export interface Moving {
  readonly is: "moving";
}

/** In the room again, on the same seat. */
export interface Back {
  readonly is: "back";
  /** What is over. */
  readonly from: Exclude<BackFrom, "move" | "stay">;
  /** Milliseconds it took; of a client that has just been made, since then. */
  readonly awayMs: number;
}

/** The room has moved, announced or not, or stays after all: nobody was away, and how long it took is not said. */
export interface BackFromMove {
  /** Told apart by this. */
  readonly is: "back";
  /** What is over. */
  readonly from: "move" | "stay";
}

/** No connection, for good. */
export interface Gone {
  readonly is: "gone";
  /** Why nobody tries again. */
  readonly because: GoneBecause;
  /** The close code (PROTOCOL §1.5); 1006 without one. */
  readonly code: number;
  /** For a log: the words of the close. */
  readonly detail: string;
}

/** Why a client is on its way. */
export type ConnectingBecause =
  /** Nothing was before. */
  | "start"
  /** The connection broke, or could not be made. */
  | "lost"
  /** The gate goes away, and said so. */
  | "restart"
  /** The gate asks for a longer wait. */
  | "try later"
  /** A new token is asked for. */
  | "token expired"
  /** `getToken` has failed, does not answer, or gave a token that is none or has expired: ask the player to sign in again. */
  | "no token"
  /** Connected: a room was asked for. */
  | "sit"
  /** Connected: the room was refused for now. */
  | "refused"
  /** Connected: the room was lost, and is asked for again. */
  | "room lost";

/** Why a client is in no room. */
export type OutsideBecause =
  /** None is asked for. */
  | "no room"
  /** `room.leave()`. */
  | "left"
  /** The room was ended. */
  | "room over"
  /** A newer connection of the same user has the seat. */
  | "replaced"
  /** The game has freed the seat. */
  | "stood up"
  /** The room was refused, and asking again would not help. */
  | "refused";

/** From what a client is back. */
export type BackFrom =
  /** From `paused`: what was missed follows, in order. */
  | "pause"
  /** From `moving`, or from no pause that was said: nothing was missed. */
  | "move"
  /** From `moving`: the move was called off. */
  | "stay"
  /** By a new connection, or a new sit: a scene follows. */
  | "reconnect";

/** Why a client is gone. */
export type GoneBecause =
  /** `client.close()`, or the server's bye. */
  | "closed"
  /** An operator has removed this user. */
  | "removed"
  /** This client has broken the protocol: its version, or what was sent raw, is wrong. */
  | "rejected"
  /** Never let in: the address or the token is wrong, or nobody is there. */
  | "never let in";

/** Whether there is a seat, and a way to it: what is sent now arrives. */
export function isInRoom({ is }: ClientState): boolean {
  return is === "seated" || is === "paused" || is === "moving" || is === "back";
}

/** Whether there is a connection, with or without a room. */
export function isConnected(state: ClientState): boolean {
  if (state.is === "gone") return false;
  return state.is !== "connecting" || state.because === "sit" || state.because === "refused" || state.because === "room lost";
}
