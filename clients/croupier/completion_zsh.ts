/** Completion in zsh: to be read at its start, or to be a file `_croupier` in one of `fpath`. */
import type { Command } from "./command.ts";
import { type Choice, flagChoices, operandsComplete, type Place, valuedFlags } from "./completion_places.ts";
import { flagRow } from "./flags.ts";
import type { Completes } from "./operand.ts";

export function zshScript(places: readonly Place[]): string {
  const valued = valuedFlags.map((flag) => `--${flag}`).join("|");
  return `#compdef croupier
_croupier() {
  local current=\${words[CURRENT]} previous=\${words[CURRENT-1]} typed= word skips=
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skips ]]; then skips=; continue; fi
    case $word in
    (${valued}) skips=yes ;;
    (-*) ;;
    (*) typed+=\${typed:+ }$word ;;
    esac
  done
  if [[ $current == --*=* ]]; then previous=\${current%%=*}; compset -P '*='; fi
  case $previous in
${valuedFlags.map((flag) => `  (--${flag}) ${given(flagRow(flag).completes)}; return ;;`).join("\n")}
  esac
  case $typed in
${places.map(caseOf).join("\n")}
  esac
}
if [[ \${funcstack[1]} == _croupier ]]; then _croupier "$@"; else compdef _croupier croupier; fi`;
}

function caseOf({ typed, choices, command }: Place): string {
  if (command === undefined) return `  ('${typed}') ${described(choices)} ;;`;
  return `  ('${typed}'|'${typed} '*) ${atCommand(command)} ;;`;
}

/** Flags where one is begun, or nothing else can be. */
function atCommand(command: Command): string {
  const flags = described(flagChoices(command), "-o ");
  const completes = operandsComplete(command);
  return completes === undefined ? flags : `if [[ $current == -* ]]; then ${flags}; else ${given(completes)}; fi`;
}

function given(completes: Completes | undefined): string {
  if (completes === undefined) return ":";
  if (completes === "files") return "_files";
  return completes === "folders" ? "_files -/" : `compadd -- ${completes.join(" ")}`;
}

function described(choices: readonly Choice[], option = ""): string {
  const all = choices.map(({ word, about }) => `'${word}:${about.replaceAll("'", "'\\''")}'`);
  return `found=(${all.join(" ")}); _describe ${option}croupier found`;
}
