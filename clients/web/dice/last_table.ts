/**
 * The table at which a player sits, or sat a moment ago. Whoever has a kept seat is led to it, whatever table he asks for, and
 * is not told which one it is (PROTOCOL §2.2): this browser knows, if it was here not long ago.
 */
import { isTable } from "./address.ts";

/** Longer than a game lasts whose roller has left, and as long as a gate waits for a server: a seat is kept no longer. */
const believedMs = 120_000;
/** How often whoever sits there says so. */
export const keepEveryMs = 30_000;

const keptOf = (user: bigint): string => `croupier table of ${user}`;

export function lastTable(user: bigint): string | undefined {
  const [table = "", atMs] = (localStorage.getItem(keptOf(user)) ?? "").split(" ");
  const ageMs = Date.now() - Number(atMs);
  return isTable(table) && ageMs >= 0 && ageMs <= believedMs ? table : undefined;
}

export function keepLastTable(user: bigint, table: string): void {
  localStorage.setItem(keptOf(user), `${table} ${Date.now()}`);
}

export function forgetLastTable(user: bigint): void {
  localStorage.removeItem(keptOf(user));
}
