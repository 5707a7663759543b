/** Lists of one process, or of several with one more column: whose each item is. */
import { pageItemsMax } from "#runtime/page.ts";
import { SettingError } from "#runtime/settings.ts";
import type { AdminClient } from "./admin.ts";
import type { Admins } from "./admins.ts";
import type { FlagValues } from "./flags.ts";
import { print } from "./say.ts";
import { type Columns, printTable } from "./table.ts";

interface Page<Item> {
  readonly items: readonly Item[];
  /** For `after` of the next page. */
  readonly next: string | number | undefined;
}

/** Asks every process for a list, and prints all of them as one. */
export async function list<Item extends object>(
  admins: Admins,
  columns: Columns<Item>,
  flags: FlagValues,
  ask: (admin: AdminClient) => Promise<readonly Item[]>,
): Promise<void> {
  const limit = limitOf(flags);
  const all = await admins.every(ask);
  const items = all.flatMap(({ admin, answer }) => answer.map((item) => ({ at: admin.url, item }))).slice(0, limit);
  if (flags.json) {
    for (const { at, item } of items) print(JSON.stringify(admins.areSeveral ? { admin: at, ...item } : item));
    return;
  }
  const whose: Columns<(typeof items)[number]> = admins.areSeveral ? [["AT", ({ at }) => at]] : [];
  printTable(items, [...whose, ...columns.map(([header, cellOf]) => [header, ({ item }: { item: Item }) => cellOf(item)] as const)]);
}

/** Reads a long list page by page, until it ends or has as many items as are asked for. */
export async function readPages<Item>(
  flags: FlagValues,
  filters: readonly (keyof FlagValues)[],
  read: (query: URLSearchParams) => Promise<Page<Item>>,
): Promise<Item[]> {
  const limit = limitOf(flags);
  const items: Item[] = [];
  const query = new URLSearchParams(filters.flatMap((name) => (flags[name] === undefined ? [] : [[name, String(flags[name])]])));
  while (items.length < limit) {
    query.set("limit", String(Math.min(pageItemsMax, limit - items.length)));
    const page = await read(query);
    items.push(...page.items);
    if (page.next === undefined) break;
    query.set("after", String(page.next));
  }
  return items;
}

/** @throws {SettingError} for what is no number. */
function limitOf({ limit }: FlagValues): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9][0-9]{0,8}$/.test(limit)) throw new SettingError(`--limit must be a whole number from 1 on, not ${JSON.stringify(limit)}.`);
  return Number(limit);
}
