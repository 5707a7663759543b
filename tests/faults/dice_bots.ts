/** Bots that come, play dice and go, in a process of their own. */
import type { TestContext } from "node:test";
import { type Run, start } from "#tests/support/process.ts";

/** `flags`: of clients/bots.ts. Their report is the last line they print. */
export function playDice(t: TestContext, flags: Readonly<Record<string, number>>): Run {
  return start(t, ["clients/bots.ts", ...flagsOf(flags), "--json"]);
}

export function flagsOf(flags: Readonly<Record<string, number>>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
