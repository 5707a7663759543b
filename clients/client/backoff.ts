/** How long to wait before the next attempt: full jitter, so that those who were cut together do not come back together. */

/** Bound of the first wait, milliseconds. */
export const backoffMsMin = 250;
/** Bound of every wait, milliseconds. */
export const backoffMsMax = 10_000;
/** Added where the server asks to back off, milliseconds. */
export const backoffMsExtra = 5000;

/** Anywhere from 0 to a bound that doubles with each attempt; `attempt` counts from 0. */
export function jitter(attempt: number): number {
  return Math.random() * Math.min(backoffMsMax, backoffMsMin * 2 ** attempt);
}
