/** What the admin listener of every process answers, as JSON, and the words it is made of. */

/** What a token allows: `operate` all, `read` only what changes nothing. */
export type Role = "read" | "operate";

/** What `GET /process` answers. */
export interface ProcessView {
  /** `croupier`: both in one. */
  readonly service: ServiceName;
  readonly release: string;
  /** The name of its machine, such as a pod's. */
  readonly machine: string;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Of whoever asks. */
  readonly role: Role;
}

export const serviceNames = ["gate", "game_server", "croupier"] as const;
export type ServiceName = (typeof serviceNames)[number];

export type Stage = "serving" | "draining" | "dissolving" | "gone";

/**
 * What becomes of what a draining process has: rooms go to another server, are frozen for
 * this one's successor, or end by themselves; a gate's sessions are closed at a pace.
 */
export type DrainKind = "move" | "park" | "wait" | "close";

/** What a process has that leaves with it. */
export interface Load {
  readonly rooms: number;
  /** Users with a seat, watchers too. */
  readonly players: number;
  readonly sessions: number;
}

/** What `/drain` answers. */
export interface DrainState extends Load {
  readonly stage: Stage;
  /** What becomes of what is here. */
  readonly kind: DrainKind;
  /** Milliseconds until what is left is parked or dissolved; left out when there is no deadline. */
  readonly deadlineLeftMs?: number;
  /** For people; "" in service. */
  readonly waitsFor: string;
}
