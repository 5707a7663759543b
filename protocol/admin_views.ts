/**
 * What the admin listeners of gates and game servers answer and take, as JSON: the routes say
 * it, the operator's command line and page read it. What every process answers is in
 * runtime/process_views.ts.
 */
import type { Deal } from "./deals.ts";

/** A room as operators see it. */
export interface RoomView {
  readonly game: string;
  readonly id: string;
  readonly life: string;
  readonly epoch: number;
  /** Of its state's shape. */
  readonly version: number;
  readonly phase: string;
  /** Playing seats, and how many of them are free. */
  readonly seats: number;
  readonly free: number;
  readonly watchers: number;
  readonly users: number;
}

/** Who sits in a room. */
export interface SeatView {
  readonly user: number;
  /** From the room's seats on, a watcher's. */
  readonly seat: number;
  /** As the others see him. */
  readonly online: boolean;
  /** His way to us was cut by us, or by a fault: the seat is held, and the others know nothing of it. */
  readonly absent: boolean;
  /** By which he sits there, as his gate and logs call it; left out while he is offline. */
  readonly session?: string;
}

/** One room, whole. */
export interface RoomDetailView extends RoomView {
  /** By ascending seat. */
  readonly seated: readonly SeatView[];
  /** For people: what Print shows everyone. */
  readonly print: string;
}

/** One page of `GET /rooms`, by ascending life. */
export interface RoomsPageView {
  readonly rooms: readonly RoomView[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: string;
}

/** What `POST …/dissolve` answers. */
export interface DissolvedView {
  readonly life: string;
}

/** What `POST …/move` answers. */
export interface MovedView {
  readonly life: string;
  /** The journal of its new owner. */
  readonly to: string;
}

/** What `POST /rebalance` answers: rooms that have gone, and those that are still here. */
export interface RebalancedView {
  readonly moved: number;
  readonly rooms: number;
}

/** What `GET /rebalance` answers, of the one under way or else of the last one. */
export interface RebalanceView {
  readonly isUnderWay: boolean;
  /** Rooms that have gone. */
  readonly moved: number;
  /** Rooms that are still to go, as far as is known; some of them may stay. */
  readonly left: number;
}

/** What `GET /journal` answers. */
export interface JournalView {
  /** The server's name in the directory. */
  readonly id: string;
  readonly boot: number;
  readonly release: string;
  /** False: rooms die with the process. */
  readonly isDurable: boolean;
  /** What a commit survives; left out when nothing is kept. */
  readonly sync?: "os" | "full";
  /** The journal has no space: nothing is applied. */
  readonly isStalled: boolean;
  /** Rooms in play. */
  readonly rooms: number;
  /** Of these, rooms that may be another server's already: only the taker can say. */
  readonly outgoing: number;
  /** Rooms that others have offered, and that may turn out to be ours. */
  readonly incoming: number;
  /** Rooms that have ended, and have something to say yet. */
  readonly over: number;
  /** Rooms that wait for a release that can read them. */
  readonly unreadable: number;
  /** Lives that were here and have moved on, as far back as they are remembered. */
  readonly moved: number;
  /** Of its files. */
  readonly bytes: number;
  /** What damage had cost at the start. */
  readonly lost: { readonly rooms: number; readonly turns: number };
}

/** A session as operators see it. */
export interface SessionView {
  /** Its name in the fleet, as logs have it. */
  readonly id: string;
  readonly user: number;
  readonly stage: OpenStage;
  /** Where its client comes from, behind proxies that are trusted. */
  readonly address: string;
  /** ISO 8601, UTC. */
  readonly openedAt: string;
  /** The room that it is in, or about to leave; left out: none. */
  readonly game?: string;
  readonly room?: string;
  readonly life?: string;
  /** Inputs that its room has not acknowledged. */
  readonly unacknowledged: number;
}

export const openStages = ["idle", "entering", "seated", "leaving"] as const;
export type OpenStage = (typeof openStages)[number];

/** One page of `GET /sessions`, in the order in which they came. */
export interface SessionsPageView {
  readonly sessions: readonly SessionView[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: number;
}

/** What `POST /sessions/{id}/kick` answers. */
export interface KickedSessionView {
  readonly id: string;
}

/** What `POST /users/{user}/kick` and `…/message` answer: how many sessions it concerned. */
export interface UserSessionsView {
  readonly sessions: number;
}

/** What `POST /users/{user}/message` takes. */
export interface MessageBody {
  readonly text: string;
}

/** Of a message to a user, in characters: what a dialogue shows. */
export const messageCharactersMax = 1000;

/** The rooms of one game whose states have one version. */
export interface LotView {
  readonly game: string;
  readonly version: number;
  readonly rooms: number;
  readonly users: number;
}

/** A game server as a gate sees it. What nobody has said yet is left out, and so is what its release does not say. */
export interface ServerView {
  readonly address: string;
  /** The name of its machine, such as a pod's. */
  readonly machine?: string;
  /** Its journal; left out: it has not answered yet. */
  readonly journal?: string;
  readonly release?: string;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAtMs?: number;
  /** False: its rooms die with its process. */
  readonly durable?: boolean;
  /** What its drain leaves is parked for its successor, and not dissolved. */
  readonly parks?: boolean;
  /** The games that it deals. */
  readonly deals?: readonly Deal[];
  readonly isLinked: boolean;
  /** Whether it may be offered new rooms, and rooms that must leave another one. */
  readonly isOffered: boolean;
  /** "serving", "draining" or "dissolving". */
  readonly stage?: string;
  /** What its drain does with its rooms, or would do: "move", "park" or "wait"; "stuck": nobody takes what is left. */
  readonly drain?: string;
  /** Rooms in play, and users with a seat in them; 0 while it is not linked. */
  readonly rooms: number;
  readonly users: number;
  readonly lots?: readonly LotView[];
  /** Rooms in its journal that wait for a release that can read them. */
  readonly unreadable?: readonly LotView[];
}

/** An older release does not say so of itself. */
export function isLeaving({ stage = "serving" }: Pick<ServerView, "stage">): boolean {
  return stage !== "serving";
}

/** What `GET /servers` answers. */
export interface ServersView {
  readonly servers: readonly ServerView[];
  /** Rooms in which this gate has sessions, and whose game server cannot be reached now. */
  readonly held: number;
}

/** What `POST …/abandon` answers. */
export interface AbandonedView {
  /** Lives that were taken from it: their names and users are free. */
  readonly lives: number;
}
