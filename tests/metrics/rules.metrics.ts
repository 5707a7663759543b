/** ops/ is whole: what promtool says of it, every alert has its tests and its place in the README, every question is about what there is. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse, stringify } from "yaml";
import { dashboardJson, dashboards, fileOf } from "#ops/dashboards.ts";
import { metricRows } from "#runtime/metric_list.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { marked } from "#tests/support/marked.ts";
import { metricsTable } from "#tests/support/metrics_table.ts";
import { has } from "#tests/support/skip.ts";
import { alerts, dashboardQueries, fasterRules, opsFolder, readOps, recorded, ruleFiles } from "./rule_files.ts";

/** Skips the test where there is no promtool. */
function promtool(t: TestContext, ...args: string[]): void {
  if (!has(t, "promtool")) return;
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: opsFolder, encoding: "utf8" });
  assert.equal(status, 0, `${args.join(" ")}\n${stdout}${stderr}`);
}

test("[metrics] promtool: the configurations and the rules are sound", (t) => {
  promtool(t, "check", "config", "prometheus.yml");
  promtool(t, "check", "rules", ...ruleFiles);
});

/** A port of a pod, as Prometheus finds it in the API; Debian's cannot ask there. */
function podPort(app: string, pod: string, port: number, phase = "Running"): object {
  const labels = { pod_label_app: app, pod_name: pod, pod_node_name: "node", pod_phase: phase, pod_container_port_number: String(port) };
  return {
    targets: [`192.0.2.1:${port}`],
    labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [`__meta_kubernetes_${name}`, value])),
  };
}

test("[metrics] in a cluster each running gate and game server is one target, at its admin port and by its pod's name", (t) => {
  const { scrape_configs: jobs, ...others } = parse(readOps("prometheus_kubernetes.yml")) as { scrape_configs: object[] };
  const found = [
    podPort("gate", "gate-1", 60_006),
    podPort("gate", "gate-1", 60_009),
    podPort("game_server", "dice-0", 60_001),
    podPort("game_server", "dice-0", 60_009),
    podPort("game_server", "dice-1", 60_009, "Succeeded"),
    podPort("redis", "redis-0", 6379),
  ];
  const folder = dataFolder(t);
  for (const file of ruleFiles) cpSync(new URL(file, opsFolder), join(folder, file), { recursive: true });
  const file = join(folder, "prometheus.yml");
  const scrapes = jobs.map((job) => ({ ...job, kubernetes_sd_configs: undefined, static_configs: found }));
  writeFileSync(file, stringify({ ...others, scrape_configs: scrapes }));
  promtool(t, "check", "config", "--syntax-only", file); // its token is a file of the cluster's
  const { stdout } = spawnSync("promtool", ["check", "service-discovery", "--timeout=2s", file, "croupier"], { encoding: "utf8" });
  const targets = (JSON.parse(stdout || "[]") as { labels: Record<string, string> }[]).map(({ labels }) => labels);
  assert.deepEqual(
    targets.flatMap(({ job, instance, __address__: address }) => (job === undefined ? [] : [`${instance} ${address}`])).sort(),
    ["dice-0 192.0.2.1:60009", "gate-1 192.0.2.1:60009"],
  );
});

test("[metrics] promtool: each alert fires and clears by its real durations", (t) => {
  promtool(t, "test", "rules", "rules/alerts.test.yml");
});

test("[metrics] each alert has a severity, a summary, a description, a test and a place in ops/README.md", () => {
  const { tests } = parse(readOps("rules/alerts.test.yml")) as { tests: { name: string }[] };
  const readme = readOps("README.md");
  for (const { alert = "", labels, annotations } of alerts) {
    assert.match(labels?.["severity"] ?? "", /^(critical|warning|info)$/, alert);
    assert.deepEqual(Object.keys(annotations ?? {}), ["summary", "description", "runbook"], alert);
    assert.equal(annotations?.["runbook"], `ops/README.md#${alert.toLowerCase()}`);
    assert.match(readme, new RegExp(`^#### ${alert}\n\n.+\n\n- \\*\\*Look at\\*\\*: .+\n- \\*\\*Do\\*\\*: .+\n`, "m"));
    assert.ok(
      tests.some(({ name }) => name === alert),
      `${alert} has a test`,
    );
  }
  const named = [...readme.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(
    named,
    alerts.map(({ alert }) => alert),
  );
});

test("[metrics] the table in ops/README.md is the list's own", () => {
  assert.equal(marked(readOps("README.md"), "metrics"), metricsTable(), "run: node tests/support/write_metrics_table.ts");
});

test("[metrics] the dashboards are as they were written", () => {
  for (const dashboard of dashboards)
    assert.equal(readFileSync(fileOf(dashboard), "utf8"), dashboardJson(dashboard), "run: npm run dashboards");
});

test("[metrics] every question is about a metric that is listed, or recorded", () => {
  const known = new Set<string>([...Object.keys(metricRows), ...recorded]);
  const expressions = [...dashboardQueries().map(({ expression }) => expression), ...ruleFiles.map(readOps)];
  for (const expression of expressions) {
    for (const [name] of expression.matchAll(/\b(instance:|croupier:)?croupier_[a-z_]+(:[a-z0-9]+)?|\bcroupier:[a-z_]+:[a-z0-9]+/g))
      assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, "")), name);
  }
});

test("[metrics] a listed metric that no dashboard, rule or alert asks for is none", () => {
  const asked = [...dashboardQueries().map(({ expression }) => expression), ...ruleFiles.map(readOps)].join("\n");
  assert.deepEqual(
    Object.keys(metricRows).filter((name) => !asked.includes(name)),
    [],
  );
});

test("[metrics] what is tried out differs from the rules in durations alone", () => {
  const text = "        expr: rate(a[5m]) > 0 unless a offset 10m and time() - process_start_time_seconds < 600\n        for: 1h\n";
  const fast = "        expr: rate(a[5s]) > 0 unless a offset 10s and time() - process_start_time_seconds < 10\n        for: 60s\n";
  assert.equal(fasterRules(text), fast);
  for (const file of ruleFiles) assert.equal(withoutDurations(fasterRules(readOps(file))), withoutDurations(readOps(file)));
});

function withoutDurations(text: string): string {
  return text.replaceAll(/\b\d+[smh]\b|(?<=process_start_time_seconds < )\d+/g, "");
}
