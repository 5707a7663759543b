/** What a scenario holds its numbers against. */
import type { Target } from "./scenario.ts";

export function atLeast(text: string, value: number, limit: number): Target {
  return { text, value, limit, isMet: value >= limit };
}

export function atMost(text: string, value: number, limit: number): Target {
  return { text, value, limit, isMet: value <= limit };
}
