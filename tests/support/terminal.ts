/** A real pseudo-terminal for a test, through util-linux's script. */
import type { TestContext } from "node:test";
import { type Run, spawnRun } from "./process.ts";

/** Runs Node on a file of this project and its arguments, as somebody at a terminal would. */
export function onTerminal(t: TestContext, line: string, env: Record<string, string>, spawning: { showsToken?: boolean } = {}): Run {
  return spawnRun(t, "script", ["-qec", `exec ${process.execPath} ${line}`, "/dev/null"], env, spawning);
}
