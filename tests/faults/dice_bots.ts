/** Bots that come, play dice and go, in a process of their own. */
import type { TestContext } from "node:test";
import { type Run, start } from "#tests/support/process.ts";

type Flags = Readonly<Record<string, number | string>>;

/** `flags`: of clients/bots.ts. Their report is the last line they print, at their end or after a SIGINT. */
export function playDice(t: TestContext, flags: Flags, env: Record<string, string> = {}): Run {
  return start(t, ["clients/bots.ts", ...flagsOf(flags), "--json"], env);
}

export function flagsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
