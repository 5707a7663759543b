/**
 * A game server in Redis: it claims names and users, keeps its lease and its record, and
 * tells the directory everything it owns whenever the two may not agree.
 *
 *     start ──> every 3 s: renew the lease, and say how many lives and users there are here
 *                  │ the directory has as many ──> nothing
 *                  │ it has not, it has forgotten, or an answer was lost ──> announce everything
 *                  └ no answer ──> again in 3 s, or when Redis answers; rooms in play do not feel it
 *
 * So what is told and lost (a release, an end) is healed by the next renewal, and so is
 * what Redis itself has lost.
 */
import { Refused } from "#protocol/refusals.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { type AnnouncementPart, partsOf } from "./announcement_parts.ts";
import { logConflicts } from "./conflicts.ts";
import { Crossing } from "./crossing.ts";
import type { Announcement, Claim, Conflicts, DirectoryForServers, Life, Membership, Unsettled, Whereabouts } from "./directory.ts";
import { readLife, readWhereabouts, writeLife } from "./directory_redis.ts";
import { type Script, scripts } from "./redis_scripts.ts";
import type { ServerRecord } from "./server_record.ts";
import { type Store, unlessRefused } from "./store.ts";

const renewEveryMs = 3000;
/** A server that waits for Redis looks again so soon. */
const reachEveryMs = 250;
/** Three renewals may be lost before nobody is offered this server for new rooms. */
const leaseMs = 10_000;
/** An announcement is told in parts of so many lives, and so many that have left. */
const livesPerPart = 500;

/** What the owner asks of its game server. */
export interface Owned {
  /** What the server shows of itself, but for its address. */
  record(): Omit<ServerRecord, "address">;
  /** How many lives there are here, and how many users sit in them. */
  counts(): { readonly lives: number; readonly users: number };
  /** Every life here and who sits in it. */
  announcement(): Announcement;
  /** Lives that the directory may name us as the owner of, and that are not ours to end. */
  unsettled(): readonly Unsettled[];
  /** Resolves when everything that has happened here is committed, and told; false: it is not, since the journal has no space. */
  settled(): Promise<boolean>;
  /** What lost: the server ends these lives, sends these users out, and stops what is another's. */
  lose(conflicts: Conflicts): void;
}

interface OwnerOptions {
  redis: Store;
  clock: Clock;
  log: Log;
  /** The identity of its journal. */
  owner: string;
  /** `host:port` that gates dial, given the port the server listens at. */
  address(port: number): string;
  /** After so much silence the lives here may be taken from it; 0 = never. */
  abandonAfterMs: number;
  /** How long ago the lease was renewed last, as far as its journal knows. */
  renewedAgoMs: number;
  owned(): Owned;
  /** The lease has been renewed. */
  onRenewed(): void;
}

export class RedisOwner implements DirectoryForServers, Membership {
  readonly #options: OwnerOptions;
  readonly #crossing: Crossing;
  #address = "";
  #renewing: Timer | undefined;
  /** Whether the directory may not know what is here. */
  #mustTell = true;
  /** Whether it is about to meet the directory. */
  #isDue = false;
  #renewedAtMs: number;

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#crossing = new Crossing(options.clock);
    this.#renewedAtMs = options.clock.now() - options.renewedAgoMs;
    options.redis.onForgot = options.redis.onUp = () => this.changed();
  }

  /**
   * Whether the rooms here may be played: not without a renewal for half of the time after
   * which others may take them. Asked before each turn, since a process may have slept.
   */
  get mayPlay(): boolean {
    const { abandonAfterMs, clock } = this.#options;
    return abandonAfterMs === 0 || clock.now() - this.#renewedAtMs < abandonAfterMs / 2;
  }

  get isReachable(): boolean {
    return this.#options.redis.isUp;
  }

  /** From now on this server is in the fleet. */
  join(port: number): void {
    this.#address = this.#options.address(port);
    this.#renewing = this.#options.clock.every(renewEveryMs, () => this.changed());
    this.changed();
  }

  /** What the server shows of itself has changed, or what the directory knows of it: they meet at once. */
  changed(): void {
    if (this.#renewing === undefined || this.#isDue) return;
    this.#isDue = true;
    void this.#crossing.alone(() => {
      this.#isDue = false;
      return this.#renew();
    });
  }

  /**
   * Calls `restore`, after which the rooms are played: at once, or when the lease is so old that others
   * may have opened them anew, as soon as the directory can be asked.
   */
  async begin(restore: () => void): Promise<void> {
    const { log, clock } = this.#options;
    if (this.mayPlay) return restore();
    log.warn("lease lapse", { "event.reason": "the lease is older than half of ABANDON_AFTER: the rooms wait for Redis" });
    await this.#reach();
    this.#renewedAtMs = clock.now();
    restore();
    await this.announce().catch(unlessRefused); // told again when the server joins
  }

  /** Gives the lease back. */
  async leave(): Promise<void> {
    this.#renewing?.cancel();
    this.#renewing = undefined;
    const { redis, owner } = this.#options;
    await redis.run(scripts.leave, owner).catch(unlessRefused);
    redis.stop();
  }

  async claim(life: Life, user: number): Promise<Claim> {
    if (!this.mayPlay) {
      this.changed();
      throw new Refused("tryAgain", { detail: "the lease is not renewed yet" });
    }
    return this.#crossing.together(async () => {
      const { is, values } = await this.#run(scripts.claim, writeLife(life), String(user));
      if (is === "opened") await this.#replicated();
      if (is === "opened" || is === "claimed") return { is: "claimed" };
      return { is: is as Exclude<Claim["is"], "claimed">, holder: readLife(values[0]) as Life };
    });
  }

  release(life: string, user: number): void {
    this.#tell(scripts.release, life, this.#options.owner, String(user));
  }

  end(life: Life): void {
    this.#tell(scripts.finish, life.life, life.owner, String(life.epoch));
  }

  /** No announcement is under way meanwhile: what one names as ours may be the taker's when it is heard. */
  move(from: Life, to: Life, offer: string): Promise<"moved" | "lost"> {
    return this.#crossing.together(async () => {
      const { is } = await this.#run(scripts.move, from.owner, String(from.epoch), writeLife(to, offer));
      if (is === "unknown") throw new Refused("tryAgain", { detail: "the directory does not know the life" });
      if (is === "moved") await this.#replicated();
      return is as "moved" | "lost";
    });
  }

  /** A failover may forget what a single Redis may not: only the taker can say. */
  async keep(from: Life, to: Life, taker: string): Promise<"kept" | "moved" | "unknown"> {
    if (this.#options.redis.failsOver) return "unknown";
    return (await this.#run(scripts.keep, String(from.epoch), writeLife(to), taker)).is as "kept" | "moved" | "unknown";
  }

  async where(life: string): Promise<Whereabouts | undefined> {
    return readWhereabouts((await this.#run(scripts.where, life)).values[0]);
  }

  raise(life: Life): void {
    this.#tell(scripts.raise, writeLife(life));
  }

  /** Tells everything that is here; what lost is ended here. @throws {Refused} when Redis is away. */
  async announce(): Promise<void> {
    const { owned, owner, log } = this.#options;
    if (!(await owned().settled())) return;
    const left = owned()
      .unsettled()
      .filter(({ owner: next }) => next !== "");
    const parts = partsOf(owned().announcement(), left, livesPerPart);
    this.#mustTell = false;
    for (const part of parts) {
      const text = JSON.stringify(part.lives.map(({ life, users }) => ({ life: writeLife(life), users: users.map(String) })));
      const unsettled = JSON.stringify([...part.unsettled, ...(part.isLast ? this.#underWay() : [])]);
      const { values } = await this.#run(scripts.announce, owner, partName(part), text, unsettled);
      const conflicts = readConflicts(values, part.lives);
      logConflicts(log, conflicts);
      owned().lose(conflicts);
    }
  }

  /** Lives that may be ours or another's: as of now, and not as of when the first part was told. */
  #underWay(): Unsettled[] {
    const { owned } = this.#options;
    return owned()
      .unsettled()
      .filter(({ owner: next }) => next === "");
  }

  async #reach(): Promise<void> {
    for (;;) {
      try {
        await this.#options.redis.run(scripts.fleet);
        return;
      } catch (thrown) {
        unlessRefused(thrown);
        await new Promise<void>((resolve) => this.#options.clock.after(reachEveryMs, resolve));
      }
    }
  }

  async #renew(): Promise<void> {
    const { owned, owner, clock } = this.#options;
    try {
      const isSettled = await owned().settled();
      const { lives, users } = owned().counts();
      const record = JSON.stringify({ ...owned().record(), address: this.#address } satisfies ServerRecord);
      const atMs = clock.now();
      const { is } = await this.#run(scripts.renew, owner, record, String(leaseMs), String(lives), String(users));
      this.#renewedAtMs = atMs;
      this.#options.onRenewed();
      if (isSettled && (is === "differs" || this.#mustTell)) await this.announce();
    } catch (thrown) {
      unlessRefused(thrown); // the next renewal heals what was not told
    }
  }

  /** An answer that is lost may be a claim that holds: everything is told again. */
  async #run(script: Script, ...args: string[]): ReturnType<Store["run"]> {
    try {
      return await this.#options.redis.run(script, ...args);
    } catch (thrown) {
      this.#mustTell = true;
      throw thrown;
    }
  }

  async #replicated(): Promise<void> {
    try {
      await this.#options.redis.replicated();
    } catch (thrown) {
      this.#mustTell = true;
      throw thrown;
    }
  }

  #tell(script: Script, ...args: string[]): void {
    this.#run(script, ...args).catch(unlessRefused);
  }
}

function partName({ isFirst, isLast }: AnnouncementPart): string {
  if (isFirst) return isLast ? "only" : "first";
  return isLast ? "last" : "";
}

/** Lua knows no empty list: it writes {} for one. */
function readList<Item>(text: string | undefined): Item[] {
  const list: unknown = JSON.parse(text ?? "[]");
  return Array.isArray(list) ? (list as Item[]) : [];
}

function readConflicts([lives, users, moved]: readonly string[], part: Announcement): Conflicts {
  const byId = new Map(part.map(({ life }) => [life.life, life]));
  const lifeOf = (id: string): Life[] => [byId.get(id)].filter((life) => life !== undefined);
  return {
    lives: readList<string>(lives).flatMap(lifeOf),
    users: readList<[string, string]>(users).flatMap(([id, user]) => lifeOf(id).map((life) => ({ life, user: Number(user) }))),
    moved: readList<string>(moved).flatMap(lifeOf),
  };
}
