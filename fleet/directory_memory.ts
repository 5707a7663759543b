/**
 * The directory in this process's memory: single mode's, and the one gate's of a static
 * fleet, told again by every game server whenever its link comes up. After a start it can
 * be `learning`: until every known server has told, a name or a user that looks free may
 * not be, so what is not known gets "try again".
 */
import { Refused } from "#protocol/refusals.ts";
import { type Clock, type Timer, within } from "#runtime/clock.ts";
import type {
  Announcement,
  Claim,
  Conflicts,
  DirectoryForGates,
  DirectoryForServers,
  Found,
  Life,
  Unsettled,
  Whereabouts,
} from "./directory.ts";

/** How long a question about something unknown waits for the directory to learn. */
const learningWaitMs = 3000;
/** Lives remembered as taken from an owner that was silent too long: should it come back, they lose. */
const abandonedMax = 100_000;

interface Entry {
  life: Life;
  /** By which its owner got it. */
  offer: string;
  readonly users: Set<number>;
}

type MutableConflicts = { -readonly [Kind in keyof Conflicts]: Conflicts[Kind][number][] };

export class MemoryDirectory implements DirectoryForGates, DirectoryForServers {
  readonly isReachable = true;
  readonly #clock: Clock;
  readonly #byName = new Map<string, Entry>();
  readonly #byLife = new Map<string, Entry>();
  readonly #byUser = new Map<number, Entry>();
  readonly #silent = new Map<string, Timer>();
  readonly #abandoned = new Set<string>();
  #learning: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get lives(): number {
    return this.#byLife.size;
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
    if (this.#learning !== undefined && !this.#byUser.has(user)) {
      await within(this.#clock, learningWaitMs, this.#learning.promise);
      this.#refuseWhileLearning();
    }
    return {
      place: this.#byUser.get(user)?.life,
      room: room === undefined ? undefined : this.#byName.get(nameOf(game, room))?.life,
    };
  }

  async claim(life: Life, user: number): Promise<Claim> {
    const place = this.#byUser.get(user);
    if (place !== undefined && place.life.life !== life.life) return { is: "user elsewhere", holder: place.life };
    const holder = this.#byName.get(nameOf(life.game, life.room));
    if (holder !== undefined && holder.life.life !== life.life) return { is: "name taken", holder: holder.life };
    if (holder === undefined || place === undefined) this.#refuseWhileLearning();
    this.#hold(holder ?? this.#open(life), user);
    return { is: "claimed" };
  }

  release(life: string, user: number): void {
    const entry = this.#byLife.get(life);
    entry?.users.delete(user);
    if (this.#byUser.get(user) === entry) this.#byUser.delete(user);
  }

  end(life: Life): void {
    const entry = this.#byLife.get(life.life);
    if (entry !== undefined && isSameOwnership(entry.life, life)) this.#drop(entry);
  }

  async move(from: Life, to: Life, offer: string): Promise<"moved" | "lost"> {
    const entry = this.#byLife.get(from.life);
    if (entry?.offer === offer && isSameOwnership(entry.life, to)) return "moved"; // asked twice
    this.#refuseWhileLearning();
    if (entry === undefined) throw new Refused("tryAgain", { detail: "the directory does not know the life" });
    if (!isSameOwnership(entry.life, from)) return "lost";
    entry.life = to;
    entry.offer = offer;
    return "moved";
  }

  async where(life: string): Promise<Whereabouts | undefined> {
    const entry = this.#byLife.get(life);
    if (entry === undefined) this.#refuseWhileLearning();
    return entry && { life: entry.life, offer: entry.offer };
  }

  /** There are no leases here: nobody is known to be gone. */
  async keep(): Promise<"unknown"> {
    return "unknown";
  }

  raise(life: Life): void {
    const entry = this.#byLife.get(life.life);
    if (entry === undefined || entry.life.epoch >= life.epoch) return;
    entry.life = life;
    entry.offer = "";
  }

  /**
   * `owner` tells everything it owns; what it does not name is over, but for what it has no say about. Of two lives of one
   * name the older wins, but for one that was abandoned; a user stays where he is known.
   */
  announce(owner: string, announcement: Announcement, unsettled: Iterable<Unsettled> = []): Conflicts {
    this.#silent.get(owner)?.cancel();
    this.#silent.delete(owner);
    const told = new Set(announcement.map(({ life }) => life.life));
    for (const one of unsettled) this.#settle(owner, one, told);
    for (const entry of this.#byLife.values()) {
      if (entry.life.owner === owner && !told.has(entry.life.life)) this.#drop(entry);
    }
    const conflicts: MutableConflicts = { lives: [], users: [], moved: [] };
    for (const { life, users } of announcement) this.#learn(life, users, conflicts);
    return conflicts;
  }

  /** `owner` cannot be reached: its lives stay, for `forMs`, and are then taken from it. 0 = for ever. */
  silent(owner: string, forMs: number): void {
    if (forMs === 0 || this.#silent.has(owner)) return;
    this.#silent.set(
      owner,
      this.#clock.after(forMs, () => this.#abandon(owner)),
    );
  }

  /** `owner` is gone for good, and all its lives with it. */
  forget(owner: string): void {
    this.announce(owner, []);
  }

  async abandon(owner: string): Promise<number> {
    const before = this.#byLife.size;
    this.#abandon(owner);
    return before - this.#byLife.size;
  }

  stop(): void {
    for (const timer of this.#silent.values()) timer.cancel();
  }

  #abandon(owner: string): void {
    for (const { life } of this.#byLife.values()) if (life.owner === owner) this.#abandoned.add(life.life);
    for (const life of this.#abandoned) {
      if (this.#abandoned.size <= abandonedMax) break;
      this.#abandoned.delete(life);
    }
    this.forget(owner);
  }

  /** Merges one life; what loses is added to `conflicts`. */
  #learn(life: Life, users: readonly number[], conflicts: MutableConflicts): void {
    const rival = this.#byName.get(nameOf(life.game, life.room));
    if (rival !== undefined && rival.life.life !== life.life) {
      const loses = this.#abandoned.has(life.life) || rival.life.openedAtMs <= life.openedAtMs;
      conflicts.lives.push(loses ? life : rival.life);
      if (loses) return;
      this.#drop(rival);
    }
    this.#abandoned.delete(life.life);
    const entry = this.#byLife.get(life.life) ?? this.#open(life);
    if (entry.life.owner !== life.owner && entry.life.epoch >= life.epoch) return void conflicts.moved.push(life);
    entry.life = life;
    this.#holdOnly(entry, users);
    for (const user of users) if (!entry.users.has(user)) conflicts.users.push({ life, user });
  }

  /** The life's users are these, but for those who are known to sit in another one. */
  #holdOnly(entry: Entry, users: readonly number[]): void {
    const told = new Set(users);
    for (const user of entry.users) if (!told.has(user)) this.release(entry.life.life, user);
    for (const user of told) if (!this.#byUser.has(user)) this.#hold(entry, user);
  }

  /** `owner` does not end the life; it may know who has it since. */
  #settle(owner: string, { life, owner: next, epoch }: Unsettled, told: Set<string>): void {
    told.add(life);
    const entry = this.#byLife.get(life);
    if (entry?.life.owner !== owner || next === "" || entry.life.epoch >= epoch) return;
    entry.life = { ...entry.life, owner: next, epoch };
    entry.offer = "";
  }

  #open(life: Life): Entry {
    const entry: Entry = { life, offer: "", users: new Set() };
    this.#byName.set(nameOf(life.game, life.room), entry);
    this.#byLife.set(life.life, entry);
    return entry;
  }

  #hold(entry: Entry, user: number): void {
    entry.users.add(user);
    this.#byUser.set(user, entry);
  }

  #drop(entry: Entry): void {
    for (const user of entry.users) if (this.#byUser.get(user) === entry) this.#byUser.delete(user);
    this.#byName.delete(nameOf(entry.life.game, entry.life.room));
    this.#byLife.delete(entry.life.life);
  }

  #refuseWhileLearning(): void {
    if (this.#learning !== undefined) throw new Refused("tryAgain", { detail: "the directory is still learning who owns what" });
  }
}

function isSameOwnership(a: Life, b: Life): boolean {
  return a.owner === b.owner && a.epoch === b.epoch;
}

function nameOf(game: string, room: string): string {
  return `${game}/${room}`;
}
