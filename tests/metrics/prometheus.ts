/** A real Prometheus, with the real rules, on a free port: it scrapes what it is told to, once a second. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { parse, stringify } from "yaml";
import { until } from "#tests/faults/measure.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { spawnRun } from "#tests/support/process.ts";
import { freePort } from "#tests/support/redis_server.ts";
import { has } from "#tests/support/skip.ts";
import { fasterRules, readOps, ruleFiles } from "./rule_files.ts";

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface Configuration {
  readonly scrape_configs: readonly { readonly authorization: { readonly credentials: string } }[];
}

export class Prometheus {
  readonly #url: string;
  readonly #targetsFile: string;
  /** With what it asks. */
  readonly token: string;

  private constructor(url: string, targetsFile: string, token: string) {
    this.#url = url;
    this.#targetsFile = targetsFile;
    this.token = token;
  }

  /** Undefined, and the test skipped, where there is no prometheus. */
  static async start(t: TestContext): Promise<Prometheus | undefined> {
    if (!has(t, "prometheus")) return undefined;
    const folder = dataFolder(t);
    const [port, targets] = [await freePort(), join(folder, "targets.json")];
    mkdirSync(join(folder, "rules"));
    for (const file of ruleFiles) writeFileSync(join(folder, file), fasterRules(readOps(file)));
    const { configuration, token } = fasterConfiguration(targets);
    writeFileSync(join(folder, "prometheus.yml"), configuration);
    writeFileSync(targets, "[]");
    const run = spawnRun(t, "prometheus", [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, targets, token);
    await until("Prometheus to be ready", async () => {
      assert.equal(run.child.exitCode, null, run.errors);
      return (await fetch(`${prometheus.#url}/-/ready`).catch(() => undefined))?.ok ?? false;
    });
    return prometheus;
  }

  /** From now on it scrapes these: names, and ports of admin listeners. */
  scrape(targets: ReadonlyMap<string, number>): void {
    const list = [...targets].map(([instance, port]) => ({ targets: [`127.0.0.1:${port}`], labels: { instance } }));
    writeFileSync(`${this.#targetsFile}.new`, JSON.stringify(list));
    renameSync(`${this.#targetsFile}.new`, this.#targetsFile);
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.#ask<{ alerts: readonly Alert[] }>("alerts")).alerts;
  }

  /** Every value there was from then on, each second. */
  async values(query: string, sinceSeconds: number): Promise<readonly number[]> {
    const range = { query, start: String(sinceSeconds), end: String(Date.now() / 1000), step: "1" };
    const { result } = await this.#ask<{ result: readonly Series[] }>("query_range", range);
    return result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
  }

  async #ask<Answer>(what: string, parameters: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: Answer; error?: string };
    assert.equal(status, "success", `${error} ${JSON.stringify(parameters)}`);
    return data;
  }
}

/** ops/prometheus.yml with other targets, every second. */
function fasterConfiguration(targetsFile: string): { configuration: string; token: string } {
  const { scrape_configs: jobs, ...others } = parse(readOps("prometheus.yml")) as Configuration;
  const scrapes = jobs.map((job) => ({ ...job, static_configs: [], file_sd_configs: [{ files: [targetsFile] }] }));
  const global = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" };
  return { configuration: stringify({ ...others, global, scrape_configs: scrapes }), token: jobs[0]?.authorization.credentials ?? "" };
}
