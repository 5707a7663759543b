/** What `--help` says: of everything, or of one command. */
import type { Commands } from "./command.ts";
import { type Flag, flagRow, flags, writtenFlag } from "./flags.ts";
import { writtenOperand } from "./operand.ts";
import { inColumns } from "./table.ts";

/** `name`: of this command alone. */
export function usageOf(commands: Commands, name: string | undefined): string {
  const command = commands.get(name ?? "");
  if (name === undefined || command === undefined) return wholeUsage(commands);
  const parts = [...command.operands.map(writtenOperand), ...command.flags.map((flag) => `[${writtenFlag(flag)}]`)];
  return [`usage: croupier ${[name, ...parts].join(" ")}`, `  ${command.about}`, ...flagLines(command.flags)].join("\n");
}

function wholeUsage(commands: Commands): string {
  const lines = [...commands].map(([name, { operands, about }]) => [`  ${[name, ...operands.map(writtenOperand)].join(" ")}`, about]);
  return [
    "usage: croupier COMMAND [FLAG …]; croupier COMMAND --help says which flags it has",
    ...inColumns(lines),
    ...flagLines(Object.keys(flags) as Flag[]),
  ].join("\n");
}

function flagLines(shown: readonly Flag[]): string[] {
  return inColumns(shown.map((flag) => [`  ${writtenFlag(flag)}`, flagRow(flag).about]));
}
