/** Prometheus' text form, as far as processes of ours write it: https://prometheus.io/docs/instrumenting/exposition_formats/ */

export interface Measured {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;
const escapes: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** What is there of metrics with these names; a line that is none is left out. */
export function readMetrics(text: string, names: ReadonlySet<string>): Measured[] {
  return text.split("\n").flatMap((each) => {
    const [, name = "", labels = "", value = ""] = line.exec(each) ?? [];
    return names.has(name) ? [{ name, labels: labelsOf(labels), value: numberOf(value) }] : [];
  });
}

function labelsOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(label)].map(([, name = "", value = ""]) => [
      name,
      value.replaceAll(/\\./g, (written) => escapes[written] ?? written),
    ]),
  );
}

function numberOf(text: string): number {
  if (text === "+Inf" || text === "-Inf") return text === "+Inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Number(text);
}
