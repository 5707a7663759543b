/**
 * What the page's address says, behind its `#`, where no server sees it: the table one is at, and for a moment the token
 * that a login brought along.
 *
 *     #lobby   #table=5   #table=5&watch   #token=eyJ…   #table=5&token=eyJ…
 */

export interface Place {
  /** Undefined: in the lobby. */
  readonly table: string | undefined;
  readonly isWatching: boolean;
}

export function readPlace(fragment: string): Place {
  const said = new URLSearchParams(fragment.replace(/^#/, ""));
  const table = said.get("table") ?? "";
  return { table: isTable(table) ? table : undefined, isWatching: said.has("watch") };
}

export function fragmentOf({ table, isWatching }: Place): string {
  if (table === undefined) return "lobby";
  return `table=${table}${isWatching ? "&watch" : ""}`;
}

/** The token in a fragment, and the fragment without it. */
export function takeToken(fragment: string): { readonly token: string | undefined; readonly rest: string } {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("token") ?? undefined;
  return { token, rest: fragmentOf(readPlace(fragment)) };
}

/** Decimal, from 1 to 2^63−1, without leading zeros. */
export function isTable(text: string): boolean {
  return /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) < 2n ** 63n;
}
