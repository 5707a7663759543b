/**
 * How the ends of a link prove to each other that they know the link key, without sending
 * it and without a clock: each answers the other's random nonce. A recorded proof is worth
 * nothing on the next link.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export const nonceBytes = 16;

/** Who proves: the name keeps one end's proof from serving as the other's. */
export type Prover = "gate" | "server";

/** The proof of `prover`, called `name` (its boot or journal), over the other end's nonce and its own. */
export function prove(key: Uint8Array, prover: Prover, name: string, theirNonce: Uint8Array, ownNonce: Uint8Array): Uint8Array {
  const hmac = createHmac("sha256", key).update(`croupier link ${prover} ${name}\n`);
  return new Uint8Array(hmac.update(theirNonce).update(ownNonce).digest());
}

/** Whether two proofs are the same, in constant time. */
export function sameProof(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
