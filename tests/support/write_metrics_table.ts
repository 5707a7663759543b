/** Writes the table of metrics into ops/README.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { metricsTable } from "./metrics_table.ts";

const file = new URL("../../ops/README.md", import.meta.url);
const readme = readFileSync(file, "utf8");
writeFileSync(
  file,
  readme.replace(/<!-- metrics -->[\s\S]*<!-- \/metrics -->/, () => `<!-- metrics -->\n${metricsTable()}\n<!-- /metrics -->`),
);
