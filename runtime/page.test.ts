/** Pages of a list: each item once, in order, in bounded parts, while the process goes on with other things. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pageOf } from "./page.ts";

/** All pages, one after the other. */
async function walk<Cursor extends string | number>(
  items: readonly Cursor[],
  { limit, from, isWanted = () => true }: { limit: number; from: Cursor; isWanted?: (item: Cursor) => boolean },
): Promise<Cursor[][]> {
  const pages: Cursor[][] = [];
  for (let after: Cursor | undefined = from; after !== undefined; ) {
    const { page, next }: { page: readonly Cursor[]; next: Cursor | undefined } = await pageOf(items, {
      ...{ limit, after, isWanted },
      cursorOf: (item) => item,
    });
    pages.push([...page]);
    after = next;
  }
  return pages;
}

test("[admin] pages are what is wanted, each item once, in order, whatever order the items come in", async () => {
  const lives = fc.uniqueArray(
    fc.integer({ min: 1, max: 0xffff }).map((life) => life.toString(16)),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(lives, fc.integer({ min: 1, max: 10 }), async (items, limit) => {
      const isWanted = (item: string): boolean => !item.endsWith("0");
      const pages = await walk(items, { limit, from: "", isWanted });
      assert.deepEqual(pages.flat(), items.filter(isWanted).toSorted());
      assert.ok(pages.slice(0, -1).every((page) => page.length === limit));
      assert.ok((pages.at(-1)?.length ?? 0) > 0 || pages.length === 1, "no page is empty but the only one");
    }),
  );
});

test("[admin][P7] a list of 200 000 is looked through in parts: others have their turns meanwhile", async () => {
  const items = Array.from({ length: 200_000 }, (_, at) => 200_000 - at);
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const { page, next } = await pageOf(items, { limit: 1000, after: 0, cursorOf: (item) => item, isWanted: () => true });
  isOver = true;
  assert.deepEqual([page.length, page[0], page.at(-1), next], [1000, 1, 1000, 1000]);
  assert.ok(turns >= 50, `${turns} turns`);
});

test("[admin] what goes while a list is looked through is no trouble, and what stays is there", async () => {
  const items = new Map(Array.from({ length: 10_000 }, (_, at) => [at, at]));
  const looking = pageOf(items.values(), { limit: 1000, after: -1, cursorOf: (item) => item, isWanted: () => true });
  setImmediate(() => {
    for (let at = 0; at < 10_000; at += 2) items.delete(at);
  });
  const { page } = await looking;
  assert.deepEqual(
    page.filter((item) => item % 2 === 1),
    Array.from({ length: page.filter((item) => item % 2 === 1).length }, (_, at) => 2 * at + 1),
  );
});
