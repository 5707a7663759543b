/**
 * Every kind of directory behind the same handles, for the one suite that all of them pass:
 * gates ask it, game servers tell it, it can be made to forget, and an owner to be silent.
 */
import type { TestContext } from "node:test";
import type { Announcement, Conflicts, DirectoryForGates, DirectoryForServers, Life, Unsettled } from "#fleet/directory.ts";
import { LinkDirectory } from "#fleet/directory_link.ts";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { RedisDirectory } from "#fleet/directory_redis.ts";
import { RedisOwner } from "#fleet/owner_redis.ts";
import { Redis } from "#fleet/redis.ts";
import { scripts } from "#fleet/redis_scripts.ts";
import { Generation, type Store } from "#fleet/store.ts";
import { DirectoryKeeper, type LostElsewhere } from "#gate_server/directory_keeper.ts";
import { systemClock } from "#runtime/clock.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { type RedisUrl, readRedisUrl } from "#runtime/redis_url.ts";
import { RedisMemory, type ScriptName } from "#simulation/redis_memory.ts";
import { watched } from "./redis_groups.ts";
import { RedisServer } from "./redis_server.ts";

const hourMs = 3_600_000;
/** A gate that does not know the answer says nothing. */
const answerTimeoutMs = 2000;

export interface DirectoryAtHand {
  readonly gate: DirectoryForGates;
  server(owner: string): DirectoryForServers;
  /** The owner tells everything it owns, and what is not its to end; gives what it is told that it lost. */
  announce(owner: string, announcement: Announcement, unsettled?: readonly Unsettled[]): Promise<Conflicts>;
  /** It has forgotten everything, and is learning. */
  forget(): Promise<void>;
  /** It has learned. */
  learned(): Promise<void>;
  /** The owner has been silent for ABANDON_AFTER, or for almost as long. */
  silence(owner: string, howLong: "enough" | "almost"): Promise<void>;
}

export const directoryKinds: Readonly<Record<string, (t: TestContext) => Promise<DirectoryAtHand | undefined>>> = {
  memory: async () => memoryAtHand(),
  link: async () => linkAtHand(),
  redis: async (t) => {
    const server = await RedisServer.start(t);
    return server && redisAtHand(t, server, server.url);
  },
  "redis sentinel": async (t) => {
    const group = await watched(t);
    return group && redisAtHand(t, group.primary, group.url);
  },
  simulated: simulatedAtHand,
};

function memoryAtHand(): DirectoryAtHand {
  const clock = new ManualClock();
  let directory = new MemoryDirectory(clock);
  const gate: DirectoryForGates = {
    find: async (user, game, room) => advancing(clock, directory.find(user, game, room)),
    where: (life) => directory.where(life),
    abandon: (owner) => directory.abandon(owner),
  };
  const server: DirectoryForServers = {
    isReachable: true,
    claim: (life, user) => directory.claim(life, user),
    release: (life, user) => directory.release(life, user),
    end: (life) => directory.end(life),
    move: (from, to, offer) => directory.move(from, to, offer),
    keep: () => directory.keep(),
    where: (life) => directory.where(life),
    raise: (life) => directory.raise(life),
  };
  return {
    gate,
    server: () => server,
    announce: async (owner, announcement, unsettled) => directory.announce(owner, announcement, unsettled),
    forget: async () => {
      directory = new MemoryDirectory(clock);
      directory.learn();
    },
    learned: async () => directory.learned(),
    silence: async (owner, howLong) => {
      directory.silent(owner, hourMs);
      clock.advanceAtOnce(howLong === "enough" ? hourMs : hourMs - 1);
    },
  };
}

/** A question about the unknown waits for a while, which passes here at once. */
function advancing<Result>(clock: ManualClock, asked: Promise<Result>): Promise<Result> {
  asked.catch(() => {});
  clock.advanceAtOnce(3000);
  return asked;
}

/** As in a static fleet: servers speak to the gate's keeper, which has a directory in memory. */
function linkAtHand(): DirectoryAtHand {
  const clock = new ManualClock();
  const memory = new MemoryDirectory(clock);
  const owned = new Map<string, Announcement>();
  const lost = new Map<string, Required<LostElsewhere>>();
  const keeper = new DirectoryKeeper(memory, {
    log: silentLog,
    linkTo: (owner) => ({
      server: { journal: owner },
      lost: ({ lives = [], users = [], moved = [] }) => {
        lost.get(owner)?.lives.push(...lives);
        lost.get(owner)?.users.push(...users);
        lost.get(owner)?.moved.push(...moved);
      },
    }),
  });
  const link = (owner: string, announcement: Announcement, unsettled: readonly Unsettled[] = []): LinkDirectory => {
    owned.set(owner, announcement);
    const own = (): Announcement => owned.get(owner) ?? [];
    const directory = new LinkDirectory({ clock, own, unsettled: () => unsettled, onLateClaim: () => {} });
    const hear = {
      claim: (value: never) => void keeper.claim(value).then((answer) => directory.answered(answer as never)),
      release: (value: never) => keeper.release(value),
      end: (value: never) => keeper.end(value),
      raise: (value: never) => keeper.raise(value),
      move: (value: never) => void keeper.move(value).then((answer) => tell(answer)),
      where: (value: never) => void keeper.where(value).then((answer) => tell(answer)),
      announcement: (value: never) => announcement !== none && keeper.announce({ server: { journal: owner }, lost: () => {} }, value),
    };
    const tell = (answer: unknown): void => {
      if (answer === undefined) clock.advanceAtOnce(answerTimeoutMs);
      else directory.told(answer as never);
    };
    directory.attach((say) => hear[say?.case as keyof typeof hear](say?.value as never));
    return directory;
  };
  return {
    gate: {
      find: (user, game, room) => advancing(clock, memory.find(user, game, room)),
      where: (life) => memory.where(life),
      abandon: (owner) => memory.abandon(owner),
    },
    server: (owner) => link(owner, none),
    announce: async (owner, announcement, unsettled) => {
      const mine = { lives: [], users: [], moved: [] };
      lost.set(owner, mine);
      link(owner, announcement, unsettled);
      return conflictsOf(mine, announcement);
    },
    forget: async () => {
      for (const owner of owned.keys()) memory.forget(owner);
      memory.learn();
    },
    learned: async () => memory.learned(),
    silence: async (owner, howLong) => {
      memory.silent(owner, hourMs);
      clock.advanceAtOnce(howLong === "enough" ? hourMs : hourMs - 1);
    },
  };
}

/** A link that comes up without an announcement, as a test's wants it. */
const none: Announcement = [];

function conflictsOf(lost: Required<LostElsewhere>, announcement: Announcement): Conflicts {
  const lifeOf = (id: string): Life[] => announcement.map(({ life }) => life).filter(({ life }) => life === id);
  return {
    lives: lost.lives.flatMap(lifeOf),
    users: lost.users.flatMap(({ life, user }) => lifeOf(life).map((found) => ({ life: found, user: Number(user) }))),
    moved: lost.moved.flatMap(({ life }) => lifeOf(life)),
  };
}

async function redisAtHand(t: TestContext, server: RedisServer, url: string): Promise<DirectoryAtHand> {
  const redis = await connected(t, { url });
  const key = (name: string): string => `{croupier}:${name}`;
  return {
    ...storeAtHand(t, redis),
    forget: async () => {
      await server.ask("FLUSHALL");
      await redis.run(scripts.fleet).catch(() => {});
    },
    learned: async () => void (await server.ask("DEL", key("learning"))),
    silence: async (id, howLong) => {
      const [seconds] = (await server.ask("TIME")) as [string];
      const agoMs = howLong === "enough" ? hourMs : hourMs - 60_000;
      await server.ask("HSET", key("renewed"), id, String(Number(seconds) * 1000 - agoMs));
    },
  };
}

/** What the simulator has for Redis, without its network. */
async function simulatedAtHand(t: TestContext): Promise<DirectoryAtHand> {
  const memory = new RedisMemory();
  const now = (): number => systemClock.wall();
  const generation = new Generation(systemEntropy);
  const store: Store = {
    ...{ onForgot: () => {}, onUp: () => {}, isUp: true, failsOver: false, replicated: async () => {}, stop: () => {} },
    run: async ({ name }, ...args) =>
      generation.read(memory.run(now(), name as ScriptName, [...generation.words, String(hourMs), ...args]), () => store.onForgot()),
  };
  await store.run(scripts.fleet);
  memory.learned();
  return {
    ...storeAtHand(t, store),
    forget: async () => {
      memory.forget();
      await store.run(scripts.fleet).catch(() => {});
    },
    learned: async () => memory.learned(),
    silence: async (id, howLong) => memory.renewedAt(id, now() - (howLong === "enough" ? hourMs : hourMs - 60_000)),
  };
}

/** Gates and owners of one store. */
function storeAtHand(t: TestContext, store: Store): Pick<DirectoryAtHand, "gate" | "server" | "announce"> {
  const owners = new Map<string, RedisOwnerAtHand>();
  const owner = (id: string): RedisOwnerAtHand => {
    const known = owners.get(id) ?? new RedisOwnerAtHand(t, store, id);
    owners.set(id, known);
    return known;
  };
  return {
    gate: new RedisDirectory(store),
    server: (id) => owner(id).owner,
    announce: (id, announcement, unsettled) => owner(id).announce(announcement, unsettled),
  };
}

/** A connection that is up, and down with the test. */
export async function connected(t: TestContext, server: { url: string }, log = silentLog, clock = systemClock): Promise<Redis> {
  const redis = unconnected(t, server, log, clock);
  while (!redis.isUp) await new Promise((resolve) => setTimeout(resolve, 5));
  return redis;
}

/** It has only begun to connect. */
export function unconnected(t: TestContext, { url }: { url: string }, log = silentLog, clock = systemClock): Redis {
  const redis = new Redis({ url: readRedisUrl(url) as RedisUrl, clock, entropy: systemEntropy, log, abandonAfterMs: hourMs });
  redis.start();
  t.after(() => redis.stop());
  return redis;
}

/** A game server as far as the directory sees one: what it owns is what the test says. */
export class RedisOwnerAtHand {
  readonly owner: RedisOwner;
  owns: Announcement = [];
  isDraining = false;
  isDurable = true;
  announcements = 0;
  unsettled: readonly Unsettled[] = [];
  lost: Conflicts = { lives: [], users: [], moved: [] };

  constructor(t: TestContext, redis: Store, id: string) {
    const abandonAfterMs = hourMs;
    t.after(() => this.owner.leave());
    const about = { journal: id, boot: 1, release: "test", games: ["dice"], startedAtMs: 1 };
    this.owner = new RedisOwner({
      ...{ redis, abandonAfterMs, owner: id, clock: systemClock, log: silentLog, renewedAgoMs: 0, onRenewed: () => {} },
      address: (port) => `127.0.0.1:${port}`,
      owned: () => ({
        record: () => ({ ...about, durable: this.isDurable, isDraining: this.isDraining }),
        counts: () => ({ lives: this.owns.length, users: this.owns.flatMap(({ users }) => users).length }),
        announcement: () => {
          this.announcements += 1;
          return this.owns;
        },
        unsettled: () => this.unsettled,
        settled: async () => true,
        lose: ({ lives, users, moved }) => {
          const { lost } = this;
          this.lost = { lives: [...lost.lives, ...lives], users: [...lost.users, ...users], moved: [...lost.moved, ...moved] };
        },
      }),
    });
  }

  async announce(announcement: Announcement, unsettled: readonly Unsettled[] = []): Promise<Conflicts> {
    this.owns = announcement;
    this.unsettled = unsettled;
    this.lost = { lives: [], users: [], moved: [] };
    await this.owner.announce();
    return this.lost;
  }
}
