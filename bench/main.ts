/**
 * What a message, a seat and a room cost here, beside what they cost at least and what they cost in Colyseus.
 *
 *     npm run bench -- [SCENARIO…] [--rounds 5] [--seconds 2] [--json FILE] [--plot DIR] [--before CHECKOUT]
 *
 * Servers share one core, whoever asks them has another. Without scenarios: all of them. With --plot those that
 * have a figure draw it there. With --before the servers of another checkout, with its dependencies installed, take turns too.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { svgOf } from "./plot.ts";
import { headOf, reportOf } from "./report.ts";
import type { Table } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { startSubjects, stopSubjects } from "./subjects_at_hand.ts";
import { textOf } from "./table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    json: { type: "string" },
    plot: { type: "string" },
    before: { type: "string" },
  },
});
const unknown = positionals.filter((name) => scenarios.every((scenario) => scenario.name !== name));
if (unknown.length > 0) {
  console.error(`No scenario is called ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}.`);
  process.exit(64);
}
const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const counts = { rounds: Number(values.rounds), seconds: Number(values.seconds) };
if (values.plot !== undefined) mkdirSync(values.plot, { recursive: true });
const subjects = await startSubjects(console.error, values.before);
const tables: Table[] = [];
console.log(`${headOf(reportOf([], counts))}\n`);
for (const scenario of chosen) {
  console.log(`${scenario.name}: ${scenario.about}\n`);
  const table = await scenario.run({ ...counts, subjects });
  tables.push(table);
  console.log(`${textOf(table)}\n`);
  if (values.plot !== undefined && table.plot !== undefined) writeFileSync(join(values.plot, `${scenario.name}.svg`), svgOf(table.plot));
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reportOf(tables, counts), undefined, 2)}\n`);
await stopSubjects(subjects);
