/** The README's table of settings, made from the settings themselves. */
import { fileVariableOf } from "#runtime/secret_files.ts";
import { settingRows } from "#runtime/settings.ts";

export function settingsTable(): string {
  const rows = Object.values(settingRows).map(({ env, byDefault, about, secret }) => {
    const cell = about.replaceAll("|", "\\|");
    const name = secret === undefined ? `\`${env}\`` : `\`${env}\` or \`${fileVariableOf(env)}\``;
    return `| ${name} | ${byDefault === "" ? "" : `\`${byDefault}\``} | ${cell} |`;
  });
  return ["| variable | default | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}
