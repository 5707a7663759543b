/** The README's table of the operator's command line, made from the commands themselves. */
import { commands } from "#clients/croupier/commands.ts";
import { writtenFlag } from "#clients/croupier/flags.ts";
import { writtenOperand } from "#clients/croupier/operand.ts";
import { tableOf } from "./marked.ts";

/** Flags that most have are said once, beside the table. */
const common: ReadonlySet<string> = new Set(["admin", "token-file", "data-dir", "json", "yes"]);

export function commandsTable(): string {
  const rows = [...commands].map(([name, { operands, flags, about }]) => [
    `\`${[name, ...operands.map(writtenOperand)].join(" ")}\``,
    flags
      .filter((flag) => !common.has(flag))
      .map((flag) => `\`${writtenFlag(flag)}\``)
      .join(" "),
    about,
  ]);
  return tableOf(["command", "flags of its own", "what it does"], rows);
}
