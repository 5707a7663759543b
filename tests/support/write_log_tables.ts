/** Writes the tables of events and fields into ops/LOGS.md: `node tests/support/write_log_tables.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { eventsTable, fieldsTable } from "./log_tables.ts";

const document = new URL("../../ops/LOGS.md", import.meta.url);
let text = readFileSync(document, "utf8");
for (const [name, table] of Object.entries({ events: eventsTable(), fields: fieldsTable() }))
  text = text.replace(new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- /${name} -->`), () => `<!-- ${name} -->\n${table}\n<!-- /${name} -->`);
writeFileSync(document, text);
