/** The README's table of settings, made from the settings themselves. */
import { settingRows } from "#runtime/settings.ts";

export function settingsTable(): string {
  const rows = Object.values(settingRows).map(({ env, byDefault, about }) => {
    const cell = about.replaceAll("|", "\\|");
    return `| \`${env}\` | ${byDefault === "" ? "" : `\`${byDefault}\``} | ${cell} |`;
  });
  return ["| variable | default | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}
