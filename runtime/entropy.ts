/**
 * Randomness as an argument, like time: processes draw from the system, the simulator from
 * its seed.
 */
import { randomBytes } from "node:crypto";

/** Gives `count` unpredictable bytes. */
export type Entropy = (count: number) => Uint8Array;

export const systemEntropy: Entropy = (count) => randomBytes(count);

/** 64 random bits in hexadecimal: the name of a boot, a life or a journal. */
export function hex64(entropy: Entropy): string {
  return Buffer.from(entropy(8)).toString("hex");
}

/** A number in [0, 1), for jitter. */
export function fraction(entropy: Entropy): number {
  return Buffer.from(entropy(4)).readUInt32BE() / 2 ** 32;
}
