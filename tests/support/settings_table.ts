/** The README's table of settings, made from the settings themselves. */
import { fileVariableOf } from "#runtime/secret_files.ts";
import { settingRows } from "#runtime/settings.ts";
import { tableOf } from "./marked.ts";

export function settingsTable(): string {
  const rows = Object.values(settingRows).map(({ env, byDefault, about, secret }) => [
    secret === undefined ? code(env) : `${code(env)} or ${code(fileVariableOf(env))}`,
    byDefault === "" ? "" : code(byDefault),
    about,
  ]);
  return tableOf(["variable", "default", "what it is"], rows);
}

function code(text: string): string {
  return `\`${text}\``;
}
