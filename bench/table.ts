/** A table as people read it, on a terminal and in Markdown alike. */
import type { Table, Target } from "./scenario.ts";

export function textOf({ title, columns, rows, targets }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map(cellOf));
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, at) => pad(cell, widths[at] ?? 0, at)).join(" | ")} |`;
  const rule = widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const table = [line(cells[0] ?? []), line(rule), ...cells.slice(1).map(line)];
  return [`### ${title}`, "", ...table, ...(targets.length > 0 ? [""] : []), ...targets.map(targetOf)].join("\n");
}

/** With as many digits as mean something. `null`: NaN, once it has been JSON. */
export function cellOf(value: string | number | null): string {
  if (typeof value === "string") return value;
  if (value === null || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function pad(cell: string, width: number, at: number): string {
  return at === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function targetOf({ text, value, isMet }: Target): string {
  return `- ${isMet ? "met" : "**not met**"}: ${text}: ${cellOf(value)}`;
}
