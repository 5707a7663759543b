/** Writes the table of the operator's command line into the README: `node tests/support/write_commands_table.ts`. */
import { commandsTable } from "./commands_table.ts";
import { writeMarked } from "./marked.ts";

writeMarked(new URL("../../README.md", import.meta.url), { croupier: commandsTable() });
