/** What was measured, where, and of what: everything that a figure needs to be understood later. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { Table } from "./scenario.ts";
import { textOf } from "./table.ts";

const root = new URL("../", import.meta.url);

export interface Report {
  readonly commit: string;
  readonly at: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly tables: readonly Table[];
}

export function reportOf(tables: readonly Table[], { rounds, seconds }: { rounds: number; seconds: number }): Report {
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const machine = `${cpus().length} cores of ${cpus()[0]?.model ?? "an unknown kind"}, ${gigabytes} GB, Linux ${release()}`;
  return { commit: commit(), at: new Date().toISOString().slice(0, 16), machine, versions: versions(), rounds, seconds, tables };
}

/** Several runs as one page. */
export function pageOf(reports: readonly Report[]): string {
  return reports.flatMap((report) => [headOf(report), ...report.tables.map(textOf)]).join("\n\n");
}

export function headOf({ commit, at, machine, versions, rounds, seconds }: Report): string {
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${at} UTC, commit ${commit}; ${machine}; ${parts.join(", ")}; ${rounds} rounds of ${seconds} s, medians.`;
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { cwd: root, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

function versions(): Record<string, string> {
  const { ws = "" } = dependenciesOf("package.json");
  const { "@colyseus/core": colyseus = "" } = dependenciesOf("bench/peers/package.json");
  return { Node: process.versions.node, ws, SQLite: process.versions["sqlite"] ?? "", Colyseus: colyseus };
}

function dependenciesOf(file: string): Record<string, string> {
  return (JSON.parse(readFileSync(new URL(file, root), "utf8")) as { dependencies: Record<string, string> }).dependencies;
}
