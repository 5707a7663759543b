/** The operator's command line in a process of its own, asking running processes. */
import type { TestContext } from "node:test";
import { type Run, type Server, start } from "./process.ts";

interface Said {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** As CROUPIER_ADMIN has it. */
export function adminsOf(...servers: readonly Pick<Server, "adminPort">[]): string {
  return servers.map(({ adminPort }) => `http://127.0.0.1:${adminPort}`).join();
}

/** `words`: with spaces between them, or one by one. */
export function startCroupier(t: TestContext, words: string | readonly string[], env: Record<string, string> = {}): Run {
  return start(t, ["clients/croupier.ts", ...(typeof words === "string" ? words.split(" ") : words)], env);
}

/** What it said, and how it ended. */
export async function croupier(t: TestContext, words: string | readonly string[], env: Record<string, string> = {}): Promise<Said> {
  const run = startCroupier(t, words, env);
  const { code } = await run.exited;
  return { code, lines: run.lines, errors: run.errors };
}

/** The same, asking these processes. */
export function croupierAt(t: TestContext, ...servers: readonly Server[]): (words: string | readonly string[]) => Promise<Said> {
  return (words) => croupier(t, words, { CROUPIER_ADMIN: adminsOf(...servers) });
}
