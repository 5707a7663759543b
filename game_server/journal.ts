/**
 * The journal: a game server's durable copy of its rooms. One commit per event-loop turn
 * covers every room touched in it; only then do the turn's outputs leave (P2). It knows
 * rooms as text under the name of their life, and nothing of what is in them.
 *
 * Kinds: journal_sqlite.ts, and journal_memory.ts, which remembers nothing.
 */

/** What one turn writes. */
export interface Commit {
  /** The server's own clock, milliseconds: what timers are due on. */
  readonly clockMs: number;
  /** Rooms that changed: the life, and the room's value as JSON. */
  readonly kept: readonly { readonly life: string; readonly value: string }[];
  /** Lives that are over. */
  readonly ended: readonly string[];
  /** On the disk itself before it returns, whatever `JOURNAL_SYNC` says: who owns a room may depend on it. Left out: no. */
  readonly isSynced?: boolean;
}

/** A room as it was found at the start. */
export interface StoredRoom {
  readonly life: string;
  readonly value: string;
}

/** What damage has cost. */
export interface Damage {
  /** Rooms that are gone, or may be older than they were. */
  readonly rooms: number;
  /** Turns that were committed once and are gone. */
  readonly turns: number;
}

export interface Journal {
  /** Who this is: what the directory calls the owner. */
  readonly id: string;
  /** How often this journal has been opened. The higher boot is the living one. */
  readonly boot: number;
  /** False: rooms die with the process. */
  readonly isDurable: boolean;
  /** The server's own clock when it was last written. */
  readonly clockMs: number;
  /** What was lost before this boot. */
  readonly damage: Damage;
  /** What was kept. To be read once, before the first commit. */
  load(): Iterable<StoredRoom>;
  /**
   * Writes a turn: all of it or nothing.
   * @throws {JournalFull} when there is no space: nothing was written, and the same commit may be tried again.
   *   Whatever else is thrown means that the journal cannot be trusted: the process must end.
   */
  commit(commit: Commit): void;
  close(): void;
}

export const noDamage: Damage = { rooms: 0, turns: 0 };

/** No space. */
export class JournalFull extends Error {
  override readonly name = "JournalFull";
}
