/** Lists for people: columns under a header, aligned, the same in a terminal and in a pipe; or JSON, one object a line. */
import { visible } from "#runtime/log_readable.ts";
import { print } from "./say.ts";

/** What a column is called, and what it says of an item; undefined: nothing is known. */
export type Columns<Item> = readonly (readonly [header: string, cellOf: (item: Item) => string | number | undefined])[];

const between = "  ";

/** Columns whose cells are without spaces can be read by `awk`, too: write "-" for nothing. */
export function printTable<Item>(items: readonly Item[], columns: Columns<Item>): void {
  const header = columns.map(([name]) => name);
  const rows = items.map((item) => columns.map(([, cellOf]) => visible(String(cellOf(item) ?? "-"))));
  for (const line of inColumns([header, ...rows])) print(line);
}

export function printList<Item>(items: readonly Item[], columns: Columns<Item>, { json = false }: { json?: boolean }): void {
  if (json) for (const item of items) print(JSON.stringify(item));
  else printTable(items, columns);
}

/** One line for each row, each cell as wide as the widest in its column. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(between)
      .trimEnd(),
  );
}
