/** `croupier completion`: the script by which a shell completes the command line. */
import { SettingError } from "#runtime/settings.ts";
import type { Commands } from "./command.ts";
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { placesOf } from "./completion_places.ts";
import { zshScript } from "./completion_zsh.ts";

const scripts = new Map(Object.entries({ bash: bashScript, zsh: zshScript, fish: fishScript }));

export const shells = [...scripts.keys()];

/** @throws {SettingError} for a shell that it knows nothing of. */
export function completionOf(shell: string, commands: Commands): string {
  const script = scripts.get(shell);
  if (script === undefined) throw new SettingError(`there is no completion for ${JSON.stringify(shell)}.`);
  return script(placesOf(commands));
}
