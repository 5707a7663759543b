/** `croupier log-level`: which lines a process writes. */
import type { LogLevelState } from "#runtime/log_level.ts";
import type { AdminClient } from "./admin.ts";
import { print } from "./say.ts";

/** `log-level`; with a level, from now on. */
export async function logLevel(admin: AdminClient, level: string | undefined): Promise<void> {
  const asked =
    level === undefined
      ? await admin.ask<LogLevelState>("GET", "/log-level")
      : await admin.ask<LogLevelState>("POST", "/log-level", { body: { level } });
  print(asked.level);
}
