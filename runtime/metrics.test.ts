/** Metrics as text: what a histogram shows of what was timed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metricRows } from "./metric_list.ts";
import { Distribution, Metrics, Tally, timed } from "./metrics.ts";

function linesOf(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(name));
}

test("[metrics] a histogram counts a duration up to its bound, and shows seconds", async () => {
  const commits = new Distribution("croupier_journal_commit_seconds");
  const metrics = new Metrics({ service: "test" });
  metrics.histogram(commits);
  for (const ms of [0.05, 0.06, 1000, 1001]) commits.addMs(ms);
  const lines = linesOf(await metrics.text(), "croupier_journal_commit_seconds");
  const shown = (bound: string): string | undefined =>
    lines
      .find((line) => line.includes(`le="${bound}"`))
      ?.split(" ")
      .at(-1);
  assert.deepEqual(["0.00005", "0.0001", "0.25", "1", "+Inf"].map(shown), ["1", "2", "2", "3", "4"]);
  assert.deepEqual(lines.slice(-2), [
    'croupier_journal_commit_seconds_sum{service="test"} 2.00111',
    'croupier_journal_commit_seconds_count{service="test"} 4',
  ]);
});

test("[metrics] every value of a closed set is shown before it is counted, so that the first one is a rise", async () => {
  const refusals = new Tally([101, 102]);
  const metrics = new Metrics({});
  metrics.totals("croupier_room_refusals_total", () => refusals.counts);
  refusals.add(102);
  assert.deepEqual(linesOf(await metrics.text(), "croupier_room_refusals_total"), [
    'croupier_room_refusals_total{code="101"} 0',
    'croupier_room_refusals_total{code="102"} 1',
  ]);
});

test("[metrics] METRICS=off times nothing", () => {
  assert.equal(timed({ metrics: "off" }, "croupier_road_seconds"), undefined);
  assert.equal(timed({ metrics: "on" }, "croupier_road_seconds")?.name, "croupier_road_seconds");
});

test("[metrics] every row is named after its kind and unit, and its bounds ascend", () => {
  for (const [name, { kind, unit, buckets = [], help }] of Object.entries(metricRows)) {
    assert.equal(name.endsWith("_total"), kind === "counter", name);
    if (unit !== undefined) assert.ok(name.endsWith(kind === "counter" ? `_${unit}_total` : `_${unit}`), name);
    assert.equal(buckets.length > 0, kind === "histogram", name);
    assert.deepEqual(
      buckets,
      buckets.toSorted((a, b) => a - b),
      name,
    );
    assert.match(help, /\.$/, name);
  }
});
