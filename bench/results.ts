/**
 * Writes what was measured into RESULTS.md: the reports of one or more runs, as `npm run bench -- --json FILE` has left them.
 *
 *     npm run bench:results -- FILE…
 */
import { readFileSync } from "node:fs";
import { writeMarked } from "#tests/support/marked.ts";
import { pageOf, type Report } from "./report.ts";

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf8")) as Report);
writeMarked(new URL("./RESULTS.md", import.meta.url), { measured: pageOf(reports) });
