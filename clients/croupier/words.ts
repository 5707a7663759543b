/** The words in which operators are spoken to, at a terminal and on a page alike. */

/** What was asked for cannot be had: one sentence. */
export class Trouble extends Error {
  override readonly name: string = "Trouble";
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
