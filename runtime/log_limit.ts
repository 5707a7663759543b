/**
 * How many lines of one event a client may cause: some at once, some a second, for each key (a session, a user, an
 * address) and for all of them together. What is left out is counted, and said in the next line that is not.
 */

/** Keys that are remembered; the ones used longest ago are forgotten, and may say as much as new ones. */
const keysMax = 10_000;

/** So many at once, and so many a second in the long run. */
export interface Pace {
  readonly burst: number;
  readonly perSecond: number;
}

/** Of refusals: by session, as many as a client may have that does what no honest one does; and for all sessions of a process. */
export const refusalPaces = { each: { burst: 20, perSecond: 1 }, all: { burst: 1000, perSecond: 100 } } as const;

/** Of those who come and go, by user: ten tabs that come back six times, and then one a second. */
export const comingPaces = { each: { burst: 60, perSecond: 1 }, all: { burst: 1e9, perSecond: 1e9 } } as const;

interface Bucket {
  tokens: number;
  atMs: number;
  /** Lines left out since the last one that was not. */
  left: number;
}

export class LogLimit {
  readonly #each: Pace;
  readonly #all: Pace;
  readonly #buckets = new Map<string | number, Bucket>();
  #shared: Bucket | undefined;

  constructor({ each, all }: { each: Pace; all: Pace }) {
    this.#each = each;
    this.#all = all;
  }

  /** Undefined: leave this line out. Otherwise what to say in it of those that were left out before. */
  take(key: string | number, nowMs: number): { "log.dropped"?: number } | undefined {
    this.#shared ??= { tokens: this.#all.burst, atMs: nowMs, left: 0 };
    const bucket = this.#bucketOf(key, nowMs);
    if (!fill(bucket, this.#each, nowMs) || !fill(this.#shared, this.#all, nowMs)) {
      bucket.left += 1;
      return undefined;
    }
    bucket.tokens -= 1;
    this.#shared.tokens -= 1;
    const { left } = bucket;
    bucket.left = 0;
    return left === 0 ? {} : { "log.dropped": left };
  }

  /** Nobody speaks by this key any more: how many lines were left out and not said. */
  end(key: string | number): { "log.dropped"?: number } {
    const { left = 0 } = this.#buckets.get(key) ?? {};
    this.#buckets.delete(key);
    return left === 0 ? {} : { "log.dropped": left };
  }

  #bucketOf(key: string | number, nowMs: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#each.burst, atMs: nowMs, left: 0 };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > keysMax && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}

/** Whether there is a token. */
function fill(bucket: Bucket, { burst, perSecond }: Pace, nowMs: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000);
  bucket.atMs = nowMs;
  return bucket.tokens >= 1;
}
