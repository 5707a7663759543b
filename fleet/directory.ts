/**
 * The directory: who owns a room's life, and in which life a user sits. Every write names
 * the life it is about, so a late one changes nothing of a younger life. It holds no state
 * of a room: losing it loses nobody's game.
 *
 * Kinds: directory_memory.ts (single mode, and the one gate of a static fleet),
 * directory_link.ts (a game server's view of that gate's), and for any number of gates
 * Redis: directory_redis.ts is what they ask, owner_redis.ts what game servers tell.
 */

/** One existence of a room, and who owns it. (game, room) is only its name. */
export interface Life {
  readonly game: string;
  /** Decimal room id. */
  readonly room: string;
  /** 64 random bits in hexadecimal, minted when the room was opened. */
  readonly life: string;
  /** The owner: the identity of its journal. */
  readonly owner: string;
  /** Fencing number of the ownership, from 1. */
  readonly epoch: number;
  /** Which start of the owner. */
  readonly boot: number;
  /** Wall clock, milliseconds since 1970. Of two lives of one name the older wins. */
  readonly openedAtMs: number;
}

/** What a gate learns before it sends a sit on. */
export interface Found {
  /** The life in which the user sits, as far as anybody knows. */
  readonly place: Life | undefined;
  /** The life of the room asked for. */
  readonly room: Life | undefined;
}

export type Claim =
  /** The life is open and the user is its. */
  | { readonly is: "claimed" }
  /** Another life has this name. */
  | { readonly is: "name taken"; readonly holder: Life }
  /** The user is another life's. */
  | { readonly is: "user elsewhere"; readonly holder: Life };

/** A life, and the offer by which its owner got it; "" when it was not given. */
export interface Whereabouts {
  readonly life: Life;
  readonly offer: string;
}

/** What gates ask. */
export interface DirectoryForGates {
  /**
   * Where `user` sits and who owns the room (undefined room: a match, only the user counts).
   * @throws {Refused} `tryAgain` while the directory is away or still learning.
   */
  find(user: number, game: string, room: string | undefined): Promise<Found>;
  /**
   * Who has the life with this id; undefined: it is over.
   * @throws {Refused} `tryAgain` while the directory is away, or does not know it and is still learning.
   */
  where(life: string): Promise<Whereabouts | undefined>;
  /**
   * Takes every life from a server that is gone for good, as ABANDON_AFTER would: how many; undefined: it has a lease.
   * Should it come back, lives whose names others have by then end there.
   * @throws {Refused} `tryAgain` while the directory is away.
   */
  abandon(owner: string): Promise<number | undefined>;
}

/** What game servers tell. */
export interface DirectoryForServers {
  /** Whether the directory has answered last, or nobody has asked: what is not reachable commits nothing. */
  readonly isReachable: boolean;
  /**
   * Claims `user` for `life`, and the life's name for it if the name is free: one step, before he is seated.
   * @throws {Refused} `tryAgain` while the directory is away or still learning.
   */
  claim(life: Life, user: number): Promise<Claim>;
  /** `user` sits in `life`, which is this server's, no more. Compare-and-delete: a claim for another life stays. */
  release(life: string, user: number): void;
  /** `life` is over, and with it every claim for it. Compare-and-delete. */
  end(life: Life): void;
  /**
   * The commit point of a move: `from` becomes `to`, the same life at its next owner and epoch, by this offer.
   * "lost": the life is not `from`'s at its epoch, and this move will never be made.
   * @throws whatever it throws means that nobody knows.
   */
  move(from: Life, to: Life, offer: string): Promise<"moved" | "lost">;
  /**
   * Instead of a move to `taker` that may have been made: `from` goes on as `to`, its own at a higher epoch, if the taker is
   * known to be gone and the directory cannot have forgotten. "moved": the life is the taker's, or was and has gone on from there. "unknown": wait for the taker.
   */
  keep(from: Life, to: Life, taker: string): Promise<"kept" | "moved" | "unknown">;
  /** As for gates. */
  where(life: string): Promise<Whereabouts | undefined>;
  /** The owner goes on with `life` at a higher epoch: set if greater. */
  raise(life: Life): void;
}

/** An owner's whole truth about itself: its lives and who sits in each. */
export type Announcement = readonly { readonly life: Life; readonly users: readonly number[] }[];

/** A life that an owner may be named for, and that is not its to end. */
export interface Unsettled {
  readonly life: string;
  /** Whose it is since, and at which epoch; "" when it cannot say. Where the directory knows less, it is told so. */
  readonly owner: string;
  readonly epoch: number;
}

/** What an announcement has cost. Their owners end the lives, and send the users out, with Disconnect 0. */
export interface Conflicts {
  /** Lives that lost their name to another one. */
  readonly lives: readonly Life[];
  /** Users who sit in another life too, which keeps them. */
  readonly users: readonly { readonly life: Life; readonly user: number }[];
  /** Lives that another server has at a higher epoch. Their old owners stop them without a word. */
  readonly moved: readonly Life[];
}

/** A game server's place in a fleet that servers join by themselves. */
export interface Membership {
  /** The server listens at this port: from now on it may be found. */
  join(port: number): void;
  /** What the server shows of itself has changed. */
  changed(): void;
  /** Nobody is led here for a new room any more. */
  leave(): Promise<void>;
  /** Whether its rooms may be played: others have no right to them yet. */
  readonly mayPlay: boolean;
}
