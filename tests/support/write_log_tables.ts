/** Writes the tables of events and fields into ops/LOGS.md: `node tests/support/write_log_tables.ts`. */
import { eventsTable, fieldsTable } from "./log_tables.ts";
import { writeMarked } from "./marked.ts";

writeMarked(new URL("../../ops/LOGS.md", import.meta.url), { events: eventsTable(), fields: fieldsTable() });
