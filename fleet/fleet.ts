/**
 * The fleet: where game servers may be found. It says whom to dial and which games there
 * are, nothing of who owns a room. Leaving the fleet closes no link.
 *
 * Kinds: fleet_static.ts (`GAME_SERVERS`), fleet_redis.ts (servers show themselves),
 * fleet_kubernetes.ts (of these, the ready ones), and a list of one in single mode.
 */
export interface Fleet {
  /** The games players may ask for: a client's `game_name` is looked up here (P9). */
  readonly games: ReadonlySet<string>;
  /** Whether every place where servers may be found has been looked at. */
  readonly isKnown: boolean;
  /** What to dial now: `host:port`, or whatever this process's dialler understands. */
  readonly addresses: ReadonlySet<string>;
  /** Whether what is known is current: where the fleet is looked up answers. */
  readonly isUp: boolean;
  /** Whether the server with this journal may be offered rooms, as far as the fleet knows; it has the last word itself. */
  isOffered(journal: string): boolean;
  /** Calls `onChange` now and whenever `addresses` has changed, until `stop`. */
  watch(onChange: () => void): void;
  stop(): void;
}

/** A fleet that never changes: single mode's. */
export function fixedFleet(games: Iterable<string>, addresses: Iterable<string>): Fleet {
  return {
    games: new Set(games),
    addresses: new Set(addresses),
    isKnown: true,
    isUp: true,
    isOffered: () => true,
    watch: (onChange) => onChange(),
    stop: () => {},
  };
}
