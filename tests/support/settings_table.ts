/** The README's table of settings, made from the settings themselves. */
import { settingRows } from "#runtime/settings.ts";
import { tableOf } from "./marked.ts";

export function settingsTable(): string {
  const rows = Object.values(settingRows).map(({ env, byDefault, about }) => [code(env), byDefault === "" ? "" : code(byDefault), about]);
  return tableOf(["variable", "default", "what it is"], rows);
}

function code(text: string): string {
  return `\`${text}\``;
}
