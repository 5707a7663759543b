/** The table of metrics in ops/README.md, made from the list itself. */
import { metricRows } from "#runtime/metric_list.ts";
import { tableOf } from "./marked.ts";

export function metricsTable(): string {
  const rows = Object.entries(metricRows).map(([name, { kind, labels = [], shownBy, help }]) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(" "),
    shownBy,
    help,
  ]);
  return tableOf(["name", "kind", "labels", "shown by", "what it is"], rows);
}
