/**
 * How many lines of one event a client may cause: some at once, some a second, for each key (a session, a user, an
 * address) and for all of them together. What is left out is counted, and said in the next line that is not.
 */

import { TokenBucket } from "./token_bucket.ts";

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

interface Speaker {
  readonly bucket: TokenBucket;
  /** Lines left out since the last one that was not. */
  left: number;
}

export class LogLimit {
  readonly #each: Pace;
  readonly #all: Pace;
  readonly #speakers = new Map<string | number, Speaker>();
  #shared: TokenBucket | undefined;

  constructor({ each, all }: { each: Pace; all: Pace }) {
    this.#each = each;
    this.#all = all;
  }

  /** Undefined: leave this line out. Otherwise what to say in it of those that were left out before. */
  take(key: string | number, nowMs: number): { "log.dropped"?: number } | undefined {
    this.#shared ??= bucketOf(this.#all, nowMs);
    const speaker = this.#speakerOf(key, nowMs);
    if (!this.#shared.has(nowMs) || !speaker.bucket.take(nowMs)) {
      speaker.left += 1;
      return undefined;
    }
    this.#shared.take(nowMs);
    const { left } = speaker;
    speaker.left = 0;
    return left === 0 ? {} : { "log.dropped": left };
  }

  /** Nobody speaks by this key any more: how many lines were left out and not said. */
  end(key: string | number): { "log.dropped"?: number } {
    const { left = 0 } = this.#speakers.get(key) ?? {};
    this.#speakers.delete(key);
    return left === 0 ? {} : { "log.dropped": left };
  }

  #speakerOf(key: string | number, nowMs: number): Speaker {
    const speaker = this.#speakers.get(key) ?? { bucket: bucketOf(this.#each, nowMs), left: 0 };
    this.#speakers.delete(key);
    this.#speakers.set(key, speaker);
    const [oldest] = this.#speakers.keys();
    if (this.#speakers.size > keysMax && oldest !== undefined) this.#speakers.delete(oldest);
    return speaker;
  }
}

function bucketOf({ burst, perSecond }: Pace, nowMs: number): TokenBucket {
  return new TokenBucket(perSecond, burst, nowMs);
}
