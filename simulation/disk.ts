/**
 * A game server's disk: it keeps what was committed when the process dies, may be full for a
 * while, and may lose what was not synced when the power goes. Each start opens the journal
 * anew, with the next boot.
 */
import { type Commit, type Journal, JournalFull, noDamage, type StoredRoom } from "#game_server/journal.ts";
import { hex64 } from "#runtime/entropy.ts";
import type { Chance } from "./chance.ts";
import type { SimProcess } from "./process.ts";

/** How often the system writes to the disk what was committed. */
const syncedShare = 0.1;

interface Content {
  readonly rooms: ReadonlyMap<string, string>;
  readonly clockMs: number;
}

/** Where a process dies at its next commit. */
export type KillPoint = "before commit" | "after commit";

/** What a disk does to a commit on its way; the proofs that the verdict can fail replace it. */
export type Write = (commit: Commit, store: (commit: Commit) => void) => void;

export class SimDisk {
  isFull = false;
  killPoint: KillPoint | undefined;
  readonly #id: string;
  readonly #makeWrite: () => Write;
  #write: Write;
  #boot = 0;
  #content: Content = { rooms: new Map(), clockMs: 0 };
  #synced: Content = this.#content;

  /** A stream of its own, so that what happens elsewhere does not hang on it. */
  readonly #syncs: Chance;

  constructor(chance: Chance, syncs: Chance, makeWrite: () => Write = () => (commit, store) => store(commit)) {
    this.#syncs = syncs;
    this.#id = hex64(chance.entropy);
    this.#makeWrite = makeWrite;
    this.#write = makeWrite();
  }

  /** The rooms as they are stored. */
  get rooms(): ReadonlyMap<string, string> {
    return this.#content.rooms;
  }

  get id(): string {
    return this.#id;
  }

  /** What was not synced is lost. */
  losePower(): void {
    this.#content = this.#synced;
  }

  open(process: SimProcess): Journal {
    this.#boot += 1;
    this.#write = this.#makeWrite();
    const boot = this.#boot;
    const load = (): StoredRoom[] => [...this.#content.rooms].map(([life, value]) => ({ life, value }));
    const { clockMs } = this.#content;
    const commit = (written: Commit): void => this.#commit(process, written, boot);
    return { id: this.#id, boot, isDurable: true, clockMs, damage: noDamage, load, commit, close: () => {} };
  }

  /** Whether a process of this boot may write: not once there is a later one. */
  mayWrite(boot: number): boolean {
    return boot === this.#boot;
  }

  #commit(process: SimProcess, commit: Commit, boot: number): void {
    if (!process.isAlive) return;
    if (!this.mayWrite(boot)) process.die();
    if (this.isFull) throw new JournalFull("the simulated disk is full");
    const { killPoint } = this;
    this.killPoint = undefined;
    if (killPoint === "before commit") process.die();
    this.#write(commit, (written) => this.#store(written));
    if (killPoint === "after commit") process.die();
  }

  #store({ clockMs, kept, ended, isSynced }: Commit): void {
    const rooms = new Map(this.#content.rooms);
    for (const { life, value } of kept) rooms.set(life, value);
    for (const life of ended) rooms.delete(life);
    this.#content = { rooms, clockMs };
    if (this.#syncs.happens(syncedShare) || isSynced) this.#synced = this.#content;
  }
}
