/** One process of the fleet as this page knows it: asked at its admin listener, again and again. */
import { type AdminClient, Denied, NotThere } from "#clients/croupier/admin.ts";
import { Trouble } from "#clients/croupier/words.ts";
import type { JournalView, ServersView } from "#protocol/admin_views.ts";
import type { DrainState, ProcessView } from "#runtime/process_views.ts";

/** Everybody's look waits for the slowest: who takes longer is silent. */
const timeoutMs = 2000;

/** What a process has said of itself. */
export interface About {
  readonly process: ProcessView;
  readonly drain: DrainState;
  /** A game server's name in the directory. */
  readonly journal: string | undefined;
  /** The game servers that a gate knows. */
  readonly servers: ServersView | undefined;
}

/** `last`: what it said before it went silent. */
export type Member =
  | { readonly admin: AdminClient; readonly is: "there"; readonly about: About }
  | { readonly admin: AdminClient; readonly is: "silent" | "denied"; readonly why: string; readonly last: About | undefined };

export type MemberThere = Extract<Member, { is: "there" }>;
export type MemberAway = Exclude<Member, MemberThere>;

/** @throws whatever is no answer of the process, when `signal` says that nobody waits any more. */
export async function lookAt(admin: AdminClient, before: Member | undefined, signal: AbortSignal): Promise<Member> {
  const last = before === undefined ? undefined : lastOf(before);
  try {
    return { admin, is: "there", about: await aboutOf(admin, last, signal) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof Trouble)) throw thrown;
    const why = thrown instanceof NotThere ? `${admin.url} is of a release that this page does not know.` : thrown.message;
    return { admin, is: thrown instanceof Denied ? "denied" : "silent", why, last };
  }
}

export function lastOf(member: Member): About | undefined {
  return member.is === "there" ? member.about : member.last;
}

export function isThere(member: Member): member is MemberThere {
  return member.is === "there";
}

export function dealsRooms(member: Member): boolean {
  const service = lastOf(member)?.process.service;
  return service === "game_server" || service === "croupier";
}

export function hasSessions(member: Member): boolean {
  const service = lastOf(member)?.process.service;
  return service === "gate" || service === "croupier";
}

export function mayOperate(member: Member): boolean {
  return member.is === "there" && member.about.process.role === "operate";
}

async function aboutOf(admin: AdminClient, last: About | undefined, signal: AbortSignal): Promise<About> {
  const [process, drain] = await Promise.all([
    admin.ask<ProcessView>("GET", "/process", { signal, timeoutMs }),
    admin.ask<DrainState>("GET", "/drain", { signal, timeoutMs }),
  ]);
  const { service } = process;
  const [journal, servers] = await Promise.all([
    service === "gate" ? undefined : journalOf(admin, process, last, signal),
    service === "game_server" ? undefined : admin.ask<ServersView>("GET", "/servers", { signal, timeoutMs }),
  ]);
  return { process, drain, journal, servers };
}

/** Asked once for each start: it walks through all rooms. */
async function journalOf(
  admin: AdminClient,
  { startedAtMs }: ProcessView,
  last: About | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (last?.process.startedAtMs === startedAtMs) return last.journal;
  return (await admin.ask<JournalView>("GET", "/journal", { signal })).id;
}
