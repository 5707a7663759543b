/** Writes the table of settings into the README: `node tests/support/write_settings_table.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { settingsTable } from "./settings_table.ts";

const readme = new URL("../../README.md", import.meta.url);
const text = readFileSync(readme, "utf8");
writeFileSync(
  readme,
  text.replace(/<!-- settings -->[\s\S]*?<!-- \/settings -->/, () => `<!-- settings -->\n${settingsTable()}\n<!-- /settings -->`),
);
