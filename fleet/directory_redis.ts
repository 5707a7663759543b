/**
 * The directory in Redis, as gates ask it: any number of gates and game servers agree there
 * who owns a room. What game servers tell it is owner_redis.ts's business; what is stored,
 * and how it forgets and learns, is in redis_scripts.ts.
 */
import type { DirectoryForGates, Found, Life, Whereabouts } from "./directory.ts";
import { scripts } from "./redis_scripts.ts";
import type { Store } from "./store.ts";

export class RedisDirectory implements DirectoryForGates {
  readonly #redis: Pick<Store, "run">;

  constructor(redis: Pick<Store, "run">) {
    this.#redis = redis;
  }

  async find(user: number, game: string, room: string | undefined): Promise<Found> {
    const name = room === undefined ? "" : `${game}/${room}`;
    const [place, named] = (await this.#redis.run(scripts.find, String(user), name)).values;
    return { place: readLife(place), room: readLife(named) };
  }

  async where(life: string): Promise<Whereabouts | undefined> {
    const [found] = (await this.#redis.run(scripts.where, life)).values;
    return readWhereabouts(found);
  }

  /** In parts: a script that takes long holds up everybody. */
  async abandon(owner: string): Promise<number | undefined> {
    for (let lives = 0; ; ) {
      const { is, values } = await this.#redis.run(scripts.abandon, owner);
      if (is === "leased") return undefined;
      const taken = Number(values[0]);
      if (taken === 0) return lives;
      lives += taken;
    }
  }
}

/** A life as Redis keeps it; undefined for "". */
export function readLife(text: string | undefined): Life | undefined {
  return readWhereabouts(text)?.life;
}

export function readWhereabouts(text: string | undefined): Whereabouts | undefined {
  if (text === undefined || text === "") return undefined;
  const { offer = "", ...life } = JSON.parse(text) as Life & { offer?: string };
  return { life, offer };
}

/** A life as Redis keeps it: these fields and no other, and the offer by which its owner got it. */
export function writeLife({ game, room, life, owner, epoch, boot, openedAtMs }: Life, offer?: string): string {
  return JSON.stringify({ game, room, life, owner, epoch, boot, openedAtMs: Math.round(openedAtMs), offer });
}
