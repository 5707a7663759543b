/** A command of the operator's command line, what it was given, and how both are found in what was typed. */
import { parseArgs } from "node:util";
import { SettingError } from "#runtime/settings.ts";
import { type Flag, type FlagValues, flags } from "./flags.ts";
import { fit, type Operand } from "./operand.ts";

export interface Given {
  readonly flags: FlagValues;
  /** What stands after the command, and the first of it. */
  readonly operands: readonly string[];
  readonly operand: string;
}

export interface Command {
  readonly about: string;
  readonly operands: readonly Operand[];
  /** Those that it understands, `--help` aside. */
  readonly flags: readonly Flag[];
  run(given: Given): void | Promise<void>;
}

/** By their words, such as `rooms ls`, in the order in which the usage has them. */
export type Commands = ReadonlyMap<string, Command>;

interface Typed {
  /** The command's words; undefined: it is none. */
  readonly name: string | undefined;
  readonly given: Given;
}

/** @throws {SettingError} for flags that nothing here has. */
export function readTyped(args: readonly string[], commands: Commands): Typed {
  const { values, positionals } = readArguments(args);
  const name = [2, 1].map((words) => positionals.slice(0, words).join(" ")).find((words) => commands.has(words));
  const operands = positionals.slice(name?.split(" ").length ?? 0);
  return { name, given: { flags: values, operands, operand: operands[0] ?? "" } };
}

/** Whether a command can do something with what it was given. */
export function isMeant(command: Command, { flags: values, operands }: Given): boolean {
  const known = Object.keys(values).every((flag) => flag === "help" || command.flags.includes(flag as Flag));
  return known && fit(command.operands, operands.length);
}

function readArguments(args: readonly string[]): { values: FlagValues; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([flag, row]) => [flag, { type: "value" in row ? ("string" as const) : ("boolean" as const) }]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { values: values as FlagValues, positionals };
  } catch (cause) {
    throw new SettingError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
