/**
 * A room's random numbers: a secret key and how many have been drawn, both part of the
 * room's value, so that a restored room draws what it would have drawn. Each is a hash of
 * the two: seeing some tells nothing about the next.
 */
import { hash } from "node:crypto";

export interface RandomValue {
  /** 128 random bits in hexadecimal. */
  readonly key: string;
  drawn: number;
}

const drawBytes = 6;
const drawRange = 2 ** (8 * drawBytes);

/** A whole number in [least, most], each as likely as any other. */
export function draw(value: RandomValue, least: number, most: number): number {
  const range = most - least + 1;
  const fair = drawRange - (drawRange % range);
  let number = drawRange;
  while (number >= fair) {
    value.drawn += 1;
    number = hash("sha256", `${value.key}/${value.drawn}`, "buffer").readUIntBE(0, drawBytes);
  }
  return least + (number % range);
}
