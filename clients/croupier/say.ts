/** How the operator's command line speaks: lines, and exit codes. */

/** What was asked for cannot be had. */
export const exitTrouble = 1;
/** EX_CONFIG of sysexits.h: wrong words, flags or settings. */
export const exitUsage = 78;

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
