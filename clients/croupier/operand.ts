/** What stands after a command's words. */
export interface Operand {
  /** As the usage says it. */
  readonly name: string;
  /** Left out: exactly one stands there. */
  readonly count?: "at most one" | "any number";
  readonly completes?: Completes;
}

/** What a shell offers where something is to be written: names on the disk, or these words. */
export type Completes = "files" | "folders" | readonly string[];

export function writtenOperand({ name, count }: Operand): string {
  if (count === undefined) return name;
  return count === "any number" ? `[${name} …]` : `[${name}]`;
}

/** Whether so many words may stand there. */
export function fit(operands: readonly Operand[], count: number): boolean {
  const least = operands.filter((operand) => operand.count === undefined).length;
  const most = operands.some((operand) => operand.count === "any number") ? Number.POSITIVE_INFINITY : operands.length;
  return count >= least && count <= most;
}
