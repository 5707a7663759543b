/**
 * Metrics of a process, in Prometheus' text form on the admin listener. Hot paths count in
 * plain numbers; a gauge or counter here reads them when it is scraped, so counting costs
 * an addition. No label is ever a client's choice.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Counts by the values of one label. */
export class Tally<Value extends string | number> {
  readonly #counts = new Map<Value, number>();

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

/** How values are spread: what a histogram shows. */
export class Distribution {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  #observe: (value: number) => void = () => {};

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
  }

  add(value: number): void {
    this.#observe(value);
  }

  /** For `Metrics`: from now on values are counted by it. */
  countedBy(observe: (value: number) => void): void {
    this.#observe = observe;
  }
}

export class Metrics {
  readonly #registry = new Registry();

  constructor(labels: Readonly<Record<string, string>>) {
    this.#registry.setDefaultLabels(labels);
  }

  /** Adds Node's own metrics: memory, event-loop delay, garbage collection. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.#registry });
    return this;
  }

  /** A value read at each scrape. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** A number that only grows, read at each scrape. */
  total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Numbers that only grow, one per value of a label from a closed set, read at each scrape. */
  totals(name: string, help: string, label: string, tally: Tally<string> | Tally<number>): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, count] of tally.counts) this.inc({ [label]: value }, count);
      },
    });
  }

  /** How values are spread, counted as they come. */
  histogram(name: string, help: string, distribution: Distribution): void {
    const histogram = new Histogram({ name, help, buckets: [...distribution.bounds], registers: [this.#registry] });
    distribution.countedBy((value) => histogram.observe(value));
  }

  /** The scrape. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
