/** SECURITY.md is true: every test that it names exists, and every limit has its outcome, its number and its test. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { metricRows } from "#runtime/metric_list.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** The rows of the tables under a heading, cell by cell, without their heads. */
function rowsUnder(document: string, heading: string): string[][] {
  const [, section = ""] = new RegExp(`^## ${heading}[^\n]*\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, "m").exec(document) ?? [];
  const tables = section.split(/\n\n/).filter((part) => part.startsWith("|"));
  return tables.flatMap((table) => {
    const [, , ...rows] = table.trim().split("\n");
    return rows.map((row) =>
      row
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
  });
}

/** What stands in backticks. */
function named(cell = ""): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** A test as it is written: its title, in which there may be what a loop fills in, and the file around it. */
interface Written {
  readonly title: string;
  readonly code: string;
}

const written: Written[] = globSync("**/*.{test,fault,cluster}.ts", { cwd: root.pathname, exclude: ["node_modules"] }).flatMap((file) => {
  const code = read(file);
  return [...code.matchAll(/\btest\(\s*(["'`])((?:(?!\1).)+)\1/g)].map(([, , title = ""]) => ({ title, code }));
});

/** Whether this is the test's name, as it is written, or with something filled in that its file has. */
function isName({ title, code }: Written, name: string): boolean {
  if (title === name) return true;
  if (!title.includes("${")) return false;
  const parts = title.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part));
  const [, ...filled] = new RegExp(`^${parts.join("(.+)")}$`).exec(name) ?? [];
  return (
    filled.length > 0 && filled.every((text) => new RegExp(`["'\`]${RegExp.escape(text)}["'\`]|\\b${RegExp.escape(text)}\\b`).test(code))
  );
}

function missing(rows: readonly string[][]): string[] {
  return rows.flatMap((row) => {
    const names = named(row.at(-1));
    return names.length === 0 ? [row.join(" | ")] : names.filter((name) => !written.some((each) => isName(each, name)));
  });
}

test("[faults §1][faults §4][faults §5] each line of what may come from outside names a test, and there is one of that name", () => {
  const rows = rowsUnder(read("SECURITY.md"), "Hostile input");
  assert.ok(rows.length > 80, `${rows.length} lines`);
  assert.deepEqual(missing(rows), []);
});

test("[P7] each limit of PROTOCOL §6 has an outcome, a metric of the list, and a test", () => {
  const outcomes = rowsUnder(read("PROTOCOL.md"), "6 Limits");
  const limits = rowsUnder(read("SECURITY.md"), "Limits");
  assert.deepEqual(
    limits.map(([limit]) => limit),
    outcomes.map(([limit]) => limit),
  );
  for (const [limit, outcome = ""] of outcomes) assert.notEqual(outcome, "", String(limit));
  for (const [limit, metrics] of limits) {
    assert.ok(named(metrics).length > 0, String(limit));
    for (const name of named(metrics)) assert.ok(name in metricRows || name.startsWith("process_"), `${name} of ${limit}`);
  }
  assert.deepEqual(missing(limits), []);
});

test("[P7] a test that is not there, and what a loop does not fill in, are missed", () => {
  const title = `${"$"}{what} swims`;
  const code = `for (const what of ["a fish"]) test(\`${title}\`, () => {}); test("a bird flies", () => {});`;
  const tests = [title, "a bird flies"].map((each) => ({ title: each, code }));
  const has = (name: string): boolean => tests.some((each) => isName(each, name));
  const names = ["a fish swims", title, "a bird flies", "a stone swims", "a bird", "swims"];
  assert.deepEqual(names.map(has), [true, true, true, false, false, false]);
});
