/**
 * Pages of long lists on the admin listener: a list is asked for in parts of at most a
 * thousand, each from where the one before ended, so that no answer grows without bound.
 */
export const pageItemsMax = 1000;
const pageItemsDefault = 100;

/** The query of a list whose items are called by `after`. */
export function pageQuerySchema<const After extends object>(after: After) {
  const limit = { type: "integer", minimum: 1, maximum: pageItemsMax, default: pageItemsDefault } as const;
  return { type: "object", additionalProperties: false, properties: { limit, after } } as const;
}

/** The first `limit` of `items`; `next` is what to ask for after them, when there are more. */
export function pageOf<Item, Cursor>(
  items: Iterable<Item>,
  limit: number,
  cursorOf: (item: Item) => Cursor,
): { page: Item[]; next: Cursor | undefined } {
  const page: Item[] = [];
  for (const item of items) {
    if (page.length === limit) return { page, next: cursorOf(page.at(-1) as Item) };
    page.push(item);
  }
  return { page, next: undefined };
}
