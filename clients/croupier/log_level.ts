/** `croupier log-level`: which lines processes write. */
import type { LogLevelState } from "#runtime/log_level.ts";
import type { Admins } from "./admins.ts";
import type { Given } from "./command.ts";
import { print } from "./say.ts";

/** `log-level`; with a level, from now on. */
export async function logLevel(admins: Admins, { operands: [level], flags: { json } }: Given): Promise<void> {
  const all = await admins.every((admin) =>
    level === undefined
      ? admin.ask<LogLevelState>("GET", "/log-level")
      : admin.ask<LogLevelState>("POST", "/log-level", { body: { level } }),
  );
  for (const { admin, answer } of all) {
    if (json) print(JSON.stringify(admins.areSeveral ? { admin: admin.url, ...answer } : answer));
    else print(`${admins.areSeveral ? `${admin.url}: ` : ""}${answer.level}`);
  }
}
