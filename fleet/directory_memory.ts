/**
 * The directory in this process's memory: single mode's, and the one gate's of a static
 * fleet, told again by every game server whenever its link comes up. After a start it can
 * be `learning`: until every known server has told, a name that looks free may not be, so
 * openings and claims get "try again".
 */
import { Refused } from "#protocol/refusals.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Announcement, Claim, DirectoryForGates, DirectoryForServers, Found, Life } from "./directory.ts";

/** How long a question about something unknown waits for the directory to learn. */
const learningWaitMs = 3000;

interface Entry {
  readonly life: Life;
  readonly users: Set<number>;
}

interface MemoryDirectoryOptions {
  clock: Clock;
  /** Lives of an owner that has been silent so long may be taken over; 0 = never. */
  abandonAfterMs: number;
}

export class MemoryDirectory implements DirectoryForGates, DirectoryForServers {
  readonly #byName = new Map<string, Entry>();
  readonly #byLife = new Map<string, Entry>();
  readonly #byUser = new Map<number, Entry>();
  readonly #silentSinceMs = new Map<string, number>();
  readonly #options: MemoryDirectoryOptions;
  #learning: PromiseWithResolvers<void> | undefined;

  constructor(options: MemoryDirectoryOptions) {
    this.#options = options;
  }

  /** From now until `learned`, what is not known is not taken for free. */
  learn(): void {
    this.#learning ??= Promise.withResolvers();
  }

  learned(): void {
    this.#learning?.resolve();
    this.#learning = undefined;
  }

  async find(user: number, game: string, room: string | undefined): Promise<Found> {
    const found = this.#lookUp(user, game, room);
    if (this.#learning === undefined || found.place !== undefined || found.room !== undefined) return found;
    await this.#waitToLearn(this.#learning.promise);
    this.#refuseWhileLearning();
    return this.#lookUp(user, game, room);
  }

  async claim(life: Life, user: number): Promise<Claim> {
    const elsewhere = this.#held(this.#byUser.get(user));
    if (elsewhere !== undefined && elsewhere.life.life !== life.life) return { is: "user elsewhere", holder: elsewhere.life };
    const holder = this.#held(this.#byName.get(nameOf(life.game, life.room)));
    if (holder !== undefined && holder.life.life !== life.life) return { is: "name taken", holder: holder.life };
    if (holder === undefined) this.#refuseWhileLearning();
    this.#claimUser(holder ?? this.#open(life), user);
    return { is: "claimed" };
  }

  release(life: string, user: number): void {
    const entry = this.#byLife.get(life);
    entry?.users.delete(user);
    if (this.#byUser.get(user) === entry) this.#byUser.delete(user);
  }

  end({ life }: Life): void {
    const entry = this.#byLife.get(life);
    if (entry !== undefined) this.#forget(entry);
  }

  /**
   * `owner` tells everything it owns; what it does not name is over. Gives the lives, its
   * own or another's, that lost their name to an older one: their owners end them with
   * Disconnect 0.
   */
  announce(owner: string, announcement: Announcement): Life[] {
    this.#silentSinceMs.delete(owner);
    const told = new Set(announcement.map(({ life }) => life.life));
    for (const entry of this.#byLife.values()) {
      if (entry.life.owner === owner && !told.has(entry.life.life)) this.#forget(entry);
    }
    return announcement.flatMap(({ life, users }) => this.#learn(life, users));
  }

  /** The link to `owner` is lost: its lives stay, until it has been silent too long. */
  silent(owner: string): void {
    if (!this.#silentSinceMs.has(owner)) this.#silentSinceMs.set(owner, this.#options.clock.now());
  }

  /** `owner` is gone for good, and all its lives with it. */
  forget(owner: string): void {
    this.announce(owner, []);
  }

  get lives(): number {
    return this.#byLife.size;
  }

  #lookUp(user: number, game: string, room: string | undefined): Found {
    const place = this.#held(this.#byUser.get(user))?.life;
    return { place, room: room === undefined ? undefined : this.#held(this.#byName.get(nameOf(game, room)))?.life };
  }

  #waitToLearn(learned: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(learningWaitMs, resolve);
    return Promise.race([learned, promise]).finally(() => timer.cancel());
  }

  /** Merges one life; gives the one that lost, if two now had the same name. */
  #learn(life: Life, users: readonly number[]): Life[] {
    const lost: Life[] = [];
    const holder = this.#byName.get(nameOf(life.game, life.room));
    if (holder !== undefined && holder.life.life !== life.life) {
      if (holder.life.openedAtMs <= life.openedAtMs) return [life];
      lost.push(holder.life);
      this.#forget(holder);
    }
    const entry = this.#byLife.get(life.life) ?? this.#open(life);
    for (const user of users) this.#claimUser(entry, user);
    return lost;
  }

  #open(life: Life): Entry {
    const squatter = this.#byName.get(nameOf(life.game, life.room));
    if (squatter !== undefined) this.#forget(squatter);
    const entry: Entry = { life, users: new Set() };
    this.#byName.set(nameOf(life.game, life.room), entry);
    this.#byLife.set(life.life, entry);
    return entry;
  }

  #claimUser(entry: Entry, user: number): void {
    this.#byUser.get(user)?.users.delete(user);
    entry.users.add(user);
    this.#byUser.set(user, entry);
  }

  #forget(entry: Entry): void {
    for (const user of entry.users) if (this.#byUser.get(user) === entry) this.#byUser.delete(user);
    this.#byName.delete(nameOf(entry.life.game, entry.life.room));
    this.#byLife.delete(entry.life.life);
  }

  /** An entry that still counts: its owner has not been silent too long. */
  #held(entry: Entry | undefined): Entry | undefined {
    if (entry === undefined) return undefined;
    const since = this.#silentSinceMs.get(entry.life.owner);
    const abandoned =
      this.#options.abandonAfterMs > 0 && since !== undefined && this.#options.clock.now() - since > this.#options.abandonAfterMs;
    return abandoned ? undefined : entry;
  }

  #refuseWhileLearning(): void {
    if (this.#learning !== undefined) throw new Refused("tryAgain", { detail: "the directory is still learning who owns what" });
  }
}

function nameOf(game: string, room: string): string {
  return `${game}/${room}`;
}
