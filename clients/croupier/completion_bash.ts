/** Completion in bash, from 3.2 on. The line is cut at spaces, since bash's own words end at each colon of a URL, too. */
import type { Command } from "./command.ts";
import { flagChoices, operandsComplete, type Place, valuedFlags } from "./completion_places.ts";
import { flagRow } from "./flags.ts";
import type { Completes } from "./operand.ts";

export function bashScript(places: readonly Place[]): string {
  const valued = valuedFlags.map((flag) => `--${flag}`).join(" | ");
  return `# eval "$(croupier completion bash)"
_croupier() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} current= previous= typed= at
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] || { current=\${words[\${#words[@]} - 1]}; unset "words[\${#words[@]} - 1]"; }
  previous=\${words[\${#words[@]} - 1]}
  for ((at = 1; at < \${#words[@]}; at++)); do
    case \${words[at]} in
    ${valued}) ((at++)) ;;
    -*) ;;
    *) typed+=\${typed:+ }\${words[at]} ;;
    esac
  done
  if [[ $current == --*=* ]]; then previous=\${current%%=*} current=\${current#*=}; fi
  COMPREPLY=()
  IFS=$'\\n'
  case $previous in
${valuedFlags.map((flag) => `  --${flag}) ${given(flagRow(flag).completes)}; return ;;`).join("\n")}
  esac
  case $typed in
${places.map(caseOf).join("\n")}
  esac
}
complete -F _croupier croupier`;
}

function caseOf({ typed, choices, command }: Place): string {
  if (command === undefined) return `  "${typed}") ${words(choices.map(({ word }) => word))} ;;`;
  return `  "${typed}" | "${typed} "*) ${atCommand(command)} ;;`;
}

/** Flags where one is begun, or nothing else can be. */
function atCommand(command: Command): string {
  const flags = words(flagChoices(command).map(({ word }) => word));
  const completes = operandsComplete(command);
  return completes === undefined ? flags : `if [[ $current == -* ]]; then ${flags}; else ${given(completes)}; fi`;
}

function given(completes: Completes | undefined): string {
  if (completes === undefined) return ":";
  if (completes === "files") return names("-f");
  return completes === "folders" ? names("-d") : words(completes);
}

function names(which: "-f" | "-d"): string {
  return `COMPREPLY=($(compgen ${which} -- "$current")); compopt -o filenames 2>/dev/null`;
}

function words(all: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${all.join("\\n")}' -- "$current"))`;
}
