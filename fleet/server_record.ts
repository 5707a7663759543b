/** What a game server shows of itself in Redis: where it is, what it deals, and whether it takes new rooms. */
export interface ServerRecord {
  /** The identity of its journal. */
  readonly journal: string;
  readonly boot: number;
  /** `host:port` of its links. */
  readonly address: string;
  readonly release: string;
  readonly games: readonly string[];
  /** False: its rooms die with its process. */
  readonly durable: boolean;
  readonly isDraining: boolean;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAtMs: number;
}
