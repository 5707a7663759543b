/**
 * Metrics of a process, in Prometheus' text form on the admin listener; which there are is in
 * metric_list.ts. Hot paths count in plain numbers, which are read when there is a scrape, so
 * counting costs an addition. With `METRICS=off` nothing is timed and there is no scrape.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type LabelledNameOf, type LabelledRowOf, type MetricName, metricRows, type NameOf } from "./metric_list.ts";

/** Gauges whose names end as only totals' may: what they count is in those of each type. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Counts by the values of one label. */
export class Tally<Value extends string | number> {
  readonly #counts = new Map<Value, number>();

  /** `known`: values that are shown before they are counted. */
  constructor(known: Iterable<Value> = []) {
    for (const value of known) this.#counts.set(value, 0);
  }

  add(value: Value, by = 1): void {
    this.#counts.set(value, this.of(value) + by);
  }

  of(value: Value): number {
    return this.#counts.get(value) ?? 0;
  }

  get counts(): ReadonlyMap<Value, number> {
    return this.#counts;
  }
}

/** How durations are spread: what a histogram shows. */
export class Distribution {
  readonly name: NameOf<"histogram">;
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** How many were at most the bound at this place, and above the one before it; behind them, those above all. */
  readonly counts: number[];
  sumMs = 0;

  constructor(name: NameOf<"histogram">) {
    this.name = name;
    this.bounds = metricRows[name].buckets ?? [];
    this.counts = [...this.bounds, Number.POSITIVE_INFINITY].map(() => 0);
  }

  addMs(durationMs: number): void {
    const seconds = durationMs / 1000;
    let at = 0;
    while (at < this.bounds.length && seconds > (this.bounds[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sumMs += durationMs;
  }
}

/** Undefined: nothing is timed here (`METRICS=off`). */
export function timed({ metrics }: { readonly metrics: "on" | "off" }, name: NameOf<"histogram">): Distribution | undefined {
  return metrics === "on" ? new Distribution(name) : undefined;
}

export class Metrics {
  readonly #registry = new Registry();

  /** `labels` are those of every line. */
  constructor(labels: Readonly<Record<string, string>>) {
    this.#registry.setDefaultLabels(labels);
  }

  /** Adds Node's own metrics: memory, processor, garbage collection. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of misnamed) this.#registry.removeSingleMetric(name);
    return this;
  }

  /** A value read at each scrape. */
  gauge(name: NameOf<"gauge">, read: () => number): void {
    new Gauge({
      ...this.#about(name),
      collect() {
        this.set(read());
      },
    });
  }

  /** Values read at each scrape, one for each of the labels' values. */
  gauges<Name extends LabelledNameOf<"gauge">>(name: Name, read: () => Iterable<LabelledRowOf<Name>>): void {
    new Gauge({
      ...this.#about(name),
      collect() {
        for (const { labels, value } of labelled(name, read())) this.set(labels, value);
      },
    });
  }

  /** A number that only grows, read at each scrape. */
  total(name: NameOf<"counter">, read: () => number): void {
    new Counter({
      ...this.#about(name),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Numbers that only grow, one for each of the labels' values, read at each scrape. */
  totals<Name extends LabelledNameOf<"counter">>(name: Name, read: () => Iterable<LabelledRowOf<Name>>): void {
    new Counter({
      ...this.#about(name),
      collect() {
        this.reset();
        for (const { labels, value } of labelled(name, read())) this.inc(labels, value);
      },
    });
  }

  /** How durations are spread; undefined: they are not timed. */
  histogram(distribution: Distribution | undefined): void {
    if (distribution !== undefined) new Spread(distribution, this.#about(distribution.name));
  }

  /** The scrape. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #about(name: MetricName): { name: string; help: string; labelNames: string[]; registers: [Registry] } {
    const { help, labels = [] } = metricRows[name];
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}

/** Shows a distribution that is counted elsewhere. */
class Spread extends Histogram {
  readonly #distribution: Distribution;
  readonly #help: string;

  constructor(distribution: Distribution, about: ConstructorParameters<typeof Histogram>[0]) {
    super({ ...about, buckets: [...distribution.bounds] });
    this.#distribution = distribution;
    this.#help = about.help;
  }

  /** What the registry asks, and `get`. */
  async getForPromString() {
    const { name, counts, bounds, sumMs } = this.#distribution;
    let count = 0;
    const buckets = counts.map((added, at) => {
      count += added;
      return { metricName: `${name}_bucket`, labels: { le: bounds[at] ?? "+Inf" }, value: count };
    });
    const ends = [
      { metricName: `${name}_sum`, labels: {}, value: sumMs / 1000 },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help: this.#help, type: "histogram", aggregator: "sum", values: [...buckets, ...ends] };
  }
}

function* labelled(
  name: MetricName,
  rows: Iterable<readonly (string | number)[]>,
): Iterable<{ labels: Record<string, string | number>; value: number }> {
  const { labels: names = [] } = metricRows[name];
  for (const row of rows) yield { labels: Object.fromEntries(names.map((label, at) => [label, row[at] ?? ""])), value: Number(row.at(-1)) };
}
