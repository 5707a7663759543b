/** Writes the table of metrics into ops/README.md: `node tests/support/write_metrics_table.ts`. */
import { writeMarked } from "./marked.ts";
import { metricsTable } from "./metrics_table.ts";

writeMarked(new URL("../../ops/README.md", import.meta.url), { metrics: metricsTable() });
