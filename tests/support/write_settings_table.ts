/** Writes the table of settings into the README: `node tests/support/write_settings_table.ts`. */
import { writeMarked } from "./marked.ts";
import { settingsTable } from "./settings_table.ts";

writeMarked(new URL("../../README.md", import.meta.url), { settings: settingsTable() });
