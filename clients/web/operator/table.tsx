/** A table with headers, in a frame that scrolls by itself where the window is narrow. */
import type { ComponentChildren, VNode } from "preact";

/** What a column is called, and what it shows of an item; undefined: nothing is known. */
export type Columns<Item> = readonly (readonly [header: string, cellOf: (item: Item) => ComponentChildren])[];

interface Props<Item> {
  readonly caption: string;
  readonly columns: Columns<Item>;
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** Instead of rows. */
  readonly none: string;
}

/** The first column is what a row is called by. */
export function Table<Item>({ caption, columns, items, keyOf, none }: Props<Item>): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too
    <figure class="scrolls" tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(([header]) => (
              <th key={header} scope="col">
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map(([header, cellOf], at) =>
                at === 0 ? (
                  <th key={header} scope="row">
                    {cellOf(item)}
                  </th>
                ) : (
                  <td key={header} data-header={header}>
                    {cellOf(item) ?? "–"}
                  </td>
                ),
              )}
            </tr>
          ))}
          {items.length === 0 && (
            <tr>
              <td colSpan={columns.length}>{none}</td>
            </tr>
          )}
        </tbody>
      </table>
    </figure>
  );
}
