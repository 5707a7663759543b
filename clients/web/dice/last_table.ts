/**
 * The table at which a player sat down last. Whoever has a kept seat is led to it, whatever table he asks for, and is not
 * told which one it is (PROTOCOL §2.2): this browser knows, if it was here.
 */
const keptOf = (user: bigint): string => `croupier table of ${user}`;

export function lastTable(user: bigint): string | undefined {
  return localStorage.getItem(keptOf(user)) ?? undefined;
}

export function keepLastTable(user: bigint, table: string): void {
  localStorage.setItem(keptOf(user), table);
}
