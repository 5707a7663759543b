/**
 * Pages of long lists on the admin listener: a list is asked for in parts of at most a
 * thousand, each from where the one before ended, so that no answer grows without bound, and
 * looked through in parts, so that nothing else of the process waits for it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

export const pageItemsMax = 1000;
const pageItemsDefault = 100;

/** So many items are looked at in one turn of the event loop: 50 000 cheap ones take some milliseconds. */
const itemsPerTurn = 2000;

/** The query of a list whose items are called by `after`, and chosen by `filters`. */
export function pageQuerySchema<const After extends object, const Filters extends object>(after: After, filters: Filters) {
  const limit = { type: "integer", minimum: 1, maximum: pageItemsMax, default: pageItemsDefault } as const;
  return { type: "object", additionalProperties: false, properties: { ...filters, limit, after } } as const;
}

interface PageOptions<Item, Cursor> {
  readonly limit: number;
  /** Only what is called by more than this. */
  readonly after: Cursor;
  cursorOf(item: Item): Cursor;
  isWanted(item: Item): boolean;
}

export interface Page<Item, Cursor> {
  readonly page: readonly Item[];
  /** What to ask for after them; undefined: there are no more. */
  readonly next: Cursor | undefined;
}

/** The first `limit` of `items` that are wanted, by ascending cursor, in whatever order they come. */
export async function pageOf<Item, Cursor extends string | number>(
  items: Iterable<Item>,
  { limit, after, cursorOf, isWanted }: PageOptions<Item, Cursor>,
): Promise<Page<Item, Cursor>> {
  const kept = limit + 1; // one more tells that there is a next page
  const ascending = (a: Item, b: Item): number => (cursorOf(a) < cursorOf(b) ? -1 : 1);
  const isAbove = (item: Item, cursor: Cursor | undefined): boolean => cursor !== undefined && cursorOf(item) >= cursor;
  let found: Item[] = [];
  let bound: Cursor | undefined;
  let looked = 0;
  for (const item of items) {
    looked += 1;
    if (looked % itemsPerTurn === 0) await nextTurn();
    if (cursorOf(item) <= after || isAbove(item, bound) || !isWanted(item)) continue;
    found.push(item);
    if (found.length < 2 * kept) continue;
    found = found.sort(ascending).slice(0, kept);
    bound = cursorOf(found.at(-1) as Item);
  }
  const page = found.sort(ascending).slice(0, limit);
  const last = page.at(-1);
  return { page, next: found.length > limit && last !== undefined ? cursorOf(last) : undefined };
}
