/** A message to a user, at every gate: whoever is told by one of them has read it, whatever the others answer. */
import { type AdminClient, NotThere } from "#clients/croupier/admin.ts";
import { counted, Trouble } from "#clients/croupier/words.ts";
import type { UserSessionsView } from "#protocol/admin_views.ts";
import { troubleIn } from "./trouble.ts";

/** Gives what is said of it: where he was told, and who could not be asked. @throws {Trouble} when he was told nowhere. */
export async function tellUser(gates: readonly AdminClient[], user: number, text: string): Promise<string> {
  const told = await Promise.allSettled(gates.map((gate) => tell(gate, user, text)));
  const sessions = told.reduce((sum, one) => sum + (one.status === "fulfilled" ? one.value : 0), 0);
  const troubles = told.flatMap((one) => (one.status === "rejected" ? [troubleIn(one.reason)] : []));
  if (sessions > 0) return [`User ${user} was told, at ${counted(sessions, "session")}.`, ...troubles].join(" But ");
  throw new Trouble(troubles.length > 0 ? troubles.join(" ") : `user ${user} has no session any more.`);
}

/** How many sessions it reached at a gate. */
async function tell(gate: AdminClient, user: number, text: string): Promise<number> {
  try {
    return (await gate.ask<UserSessionsView>("POST", `/users/${user}/message`, { body: { text } })).sessions;
  } catch (thrown) {
    if (thrown instanceof NotThere) return 0;
    throw thrown;
  }
}
