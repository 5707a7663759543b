/** How the operator's command line speaks: lines, trouble in a sentence, and exit codes. */

export const exitTrouble = 1;
/** EX_CONFIG of sysexits.h: wrong words, flags or settings. */
export const exitUsage = 78;

/** What was asked for cannot be had: one sentence, exit code 1. */
export class Trouble extends Error {
  override readonly name: string = "Trouble";
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
