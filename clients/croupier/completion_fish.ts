/** Completion in fish. */
import type { Command } from "./command.ts";
import { operandsComplete, type Place, valuedFlags } from "./completion_places.ts";
import { type Flag, flagRow } from "./flags.ts";
import type { Completes } from "./operand.ts";

export function fishScript(places: readonly Place[]): string {
  const valued = valuedFlags.map((flag) => `--${flag}`).join(" ");
  return `# croupier completion fish | source
function __croupier_typed
    set -l typed
    set -l skips no
    for word in (commandline -opc)[2..]
        if test $skips = yes
            set skips no
            continue
        end
        switch $word
            case ${valued}
                set skips yes
            case '-*'
            case '*'
                set -a typed $word
        end
    end
    echo "$typed"
end
function __croupier_at
    test (__croupier_typed) = "$argv"
end
function __croupier_in
    string match -q -- "$argv *" (__croupier_typed)" "
end
complete -c croupier -f
${places.flatMap(linesOf).join("\n")}`;
}

function linesOf({ typed, choices, command }: Place): string[] {
  const ofWords = choices.map(({ word, about }) => `complete -c croupier -n "__croupier_at '${typed}'" -a ${word} -d ${quoted(about)}`);
  return command === undefined ? ofWords : ofCommand(typed, command);
}

function ofCommand(typed: string, command: Command): string[] {
  const line = `complete -c croupier -n "__croupier_in '${typed}'"`;
  const flags: readonly Flag[] = [...command.flags, "help"];
  const operands = given(operandsComplete(command));
  return [...flags.map((flag) => `${line} ${flagOf(flag)}`), ...(operands === "" ? [] : [`${line} ${operands}`])];
}

/** `-x`: something stands behind it, and no file; `-r`: something does. */
function flagOf(flag: Flag): string {
  const { value, about, completes } = flagRow(flag);
  const behind = value === undefined ? "" : ` ${completes === "files" ? "-r" : "-x"} ${given(completes)}`;
  return `-l ${flag}${behind.trimEnd()} -d ${quoted(about)}`;
}

function given(completes: Completes | undefined): string {
  if (completes === undefined) return "";
  if (completes === "files") return "-F";
  return completes === "folders" ? "-a '(__fish_complete_directories)'" : `-a '${completes.join(" ")}'`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
