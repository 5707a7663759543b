/** What an announcement has cost, in the log: one line for each life, or user, that lost. */
import type { Log } from "#runtime/log.ts";
import { roomFields } from "#runtime/log_fields.ts";
import type { Conflicts } from "./directory.ts";

/** Of whom a line of `directory conflict` speaks: its `event.reason`. */
export const conflictReasons = {
  lives: "another life has its name",
  users: "the user sits in another life too",
  moved: "another server has it at a higher epoch",
} as const satisfies Record<keyof Conflicts, string>;

export function logConflicts(log: Log, { lives, users, moved }: Conflicts): void {
  for (const life of lives) log.warn("directory conflict", { ...roomFields(life), "event.reason": conflictReasons.lives });
  for (const { life, user } of users)
    log.warn("directory conflict", { ...roomFields(life), "user.id": user, "event.reason": conflictReasons.users });
  for (const life of moved) log.warn("directory conflict", { ...roomFields(life), "event.reason": conflictReasons.moved });
}
