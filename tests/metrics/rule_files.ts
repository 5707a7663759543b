/** What is in ops/, as it is, and with a clock that runs sixty times as fast. */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";

export const opsFolder = new URL("../../ops/", import.meta.url);

interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly {
      readonly alert?: string;
      readonly record?: string;
      readonly expr: string;
      readonly for?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  }[];
}

export const ruleFiles = ["rules/recording.yml", "rules/alerts.yml"] as const;

const rules = ruleFiles.flatMap((file) => (parse(readOps(file)) as RuleFile).groups.flatMap((group) => group.rules));

export const alerts = rules.filter(({ alert }) => alert !== undefined);
export const recorded = rules.flatMap(({ record }) => (record === undefined ? [] : [record]));

export function readOps(file: string): string {
  return readFileSync(new URL(file, opsFolder), "utf8");
}

/** Everything that dashboards ask: where, and what, as it is in the file that Grafana loads. */
export function dashboardQueries(): { panel: string; expression: string }[] {
  return readdirSync(new URL("dashboards/", opsFolder)).flatMap((file) => {
    const { panels } = JSON.parse(readOps(`dashboards/${file}`)) as { panels: { title: string; targets: { expr: string }[] }[] };
    return panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ panel: `${file}: ${title}`, expression: expr })));
  });
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const fasterBy = 60;
/** Four scrapes, one a second: below it a rate has nothing to go by. */
const rangeSecondsMin = 4;

function fasterSeconds(amount: string, unit: string, least: number): number {
  return Math.max(least, Math.ceil((Number(amount) * (seconds[unit] ?? 0)) / fasterBy));
}

function faster(amount: string, unit: string, least: number): string {
  return `${fasterSeconds(amount, unit, least)}s`;
}

/** A rule file whose minutes are seconds: every range, every offset, every age of a process, and every `for`. */
export function fasterRules(text: string): string {
  return text
    .replaceAll(/\[(\d+)([smh])\]/g, (_, amount: string, unit: string) => `[${faster(amount, unit, rangeSecondsMin)}]`)
    .replaceAll(/\boffset (\d+)([smh])\b/g, (_, amount: string, unit: string) => `offset ${faster(amount, unit, rangeSecondsMin)}`)
    .replaceAll(
      /\b(process_start_time_seconds < )(\d+)\b/g,
      (_, before: string, age: string) => `${before}${fasterSeconds(age, "s", rangeSecondsMin)}`,
    )
    .replaceAll(/^( +for: )(\d+)([smh])$/gm, (_, before: string, amount: string, unit: string) => `${before}${faster(amount, unit, 1)}`);
}

/** What Grafana puts in for its variables, when every process is picked and minutes are seconds. */
export function fasterQuery(expression: string): string {
  return expression.replaceAll("$__rate_interval", `${rangeSecondsMin}s`).replaceAll("$__range", "30s").replaceAll("$instance", ".*");
}
