/**
 * Which sessions a door logs: every one, but for those of somebody who comes and goes faster than any client of ours
 * comes back. Of such a session nothing is said here, and how many there were in the next one's first line.
 */
import { comingPaces, LogLimit } from "#runtime/log_limit.ts";
import { networkOf } from "./address.ts";

/** Three times what one address may have open, and then so many that all of it is back within half a minute. */
const perAddress = { burst: 3000, perSecond: 100 };

export class SessionLines {
  readonly #users = new LogLimit(comingPaces);
  readonly #addresses = new LogLimit({ ...comingPaces, each: perAddress });

  /** What to say of sessions that were left out before; undefined: leave this one out. */
  take(user: number, address: string, nowMs: number): { "log.dropped"?: number } | undefined {
    const ofUser = this.#users.take(user, nowMs);
    const ofAddress = ofUser && this.#addresses.take(networkOf(address), nowMs);
    const left = (ofUser?.["log.dropped"] ?? 0) + (ofAddress?.["log.dropped"] ?? 0);
    return ofAddress && (left === 0 ? {} : { "log.dropped": left });
  }
}
