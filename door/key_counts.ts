/** What a door counts of the keys it reads from `JWKS_URL`: plain numbers that the metrics read when they are scraped. */
import { type Metrics, Tally } from "#runtime/metrics.ts";
import type { Fetched } from "./fetch_json.ts";

const outcomes = ["ok", "away", "late", "status", "too large", "garbage", "no keys"] as const satisfies (Fetched["is"] | "no keys")[];

/** How a reading ended. */
export type Outcome = (typeof outcomes)[number];

export class KeyCounts {
  readonly readings = new Tally<Outcome>(outcomes);
  /** In use. */
  keys = 0;
  /** By the wall clock; 0 = never. */
  readAtMs = 0;

  register(metrics: Metrics): void {
    metrics.totals("croupier_jwks_readings_total", () => this.readings.counts);
    metrics.gauge("croupier_jwks_keys", () => this.keys);
    metrics.gauge("croupier_jwks_read_timestamp_seconds", () => this.readAtMs / 1000);
  }
}
