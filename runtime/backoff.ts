/** How long to wait before the next attempt: longer with each failure, and not as long as everybody else. */
import { type Entropy, fraction } from "./entropy.ts";

const doublingsMax = 10;

export interface Backoff {
  readonly msMin: number;
  readonly msMax: number;
}

/** `msMin`, doubled so many times, and up to half of it less by chance. */
export function backoffMs({ msMin, msMax }: Backoff, doublings: number, entropy: Entropy): number {
  return Math.min(msMax, msMin * 2 ** Math.min(doublings, doublingsMax)) * (0.5 + fraction(entropy) / 2);
}
