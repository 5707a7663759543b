/** Who is told no, and how often: refusals, closed connections, refused upgrades, with the last five minutes as a line. */
import type { VNode } from "preact";
import { adviceFor, closeCodes } from "#protocol/close_codes.ts";
import { refusals } from "#protocol/refusals.ts";
import type { Sample } from "./history.ts";
import { Sparkline } from "./sparkline.tsx";
import { type Columns, Table } from "./table.tsx";

interface Row {
  readonly key: string;
  readonly what: string;
  readonly words: string;
  readonly rises: readonly number[];
  readonly total: number;
}

const columns: Columns<Row> = [
  ["What", ({ what }) => what],
  ["Words", ({ words }) => words],
  ["Last 5 min", ({ rises }) => rises.reduce((sum, rise) => sum + rise, 0)],
  ["Since the start", ({ total }) => total],
  ["Over time", ({ rises, what }) => <Sparkline values={rises} label={`${what}, the last five minutes`} />],
];

const kinds = [
  ["refusal", "Refusals", "Answers to a message; the connection stays."],
  ["close", "Closes", "Connections that ended, by their close code."],
  ["upgrade", "Refused upgrades", "Who was not let in, by HTTP status."],
] as const;

export function RefusalsView({ samples }: { samples: readonly Sample[] }): VNode {
  return (
    <>
      {kinds.map(([kind, title, about]) => (
        <section key={kind} aria-labelledby={`${kind}-title`}>
          <h2 id={`${kind}-title`}>{title}</h2>
          <p>{about}</p>
          <Table caption={title} columns={columns} items={rowsOf(kind, samples)} keyOf={({ key }) => key} none="Nothing was counted." />
        </section>
      ))}
    </>
  );
}

/** What has been counted at all. */
function rowsOf(kind: string, samples: readonly Sample[]): Row[] {
  const last = samples.at(-1)?.counts ?? new Map();
  const keys = [...last.keys()].filter((key) => key.startsWith(`${kind} `) && (last.get(key)?.total ?? 0) > 0);
  return keys
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((key) => ({
      key,
      ...saidOf(key),
      rises: samples.map(({ counts }) => counts.get(key)?.rise ?? 0),
      total: last.get(key)?.total ?? 0,
    }));
}

function saidOf(key: string): Pick<Row, "what" | "words"> {
  const [kind = "", code = "", ...rest] = key.split(" ");
  if (kind === "refusal")
    return { what: code, words: Object.values(refusals).find((row) => String(row.code) === code)?.desc ?? "a game's own" };
  if (kind === "upgrade") return { what: `HTTP ${code}`, words: "" };
  const reason = Object.values(closeCodes).find((row) => String(row.code) === code)?.reason;
  return { what: `${code} ${rest.join(" ")}`.trim(), words: reason === undefined ? "" : `${reason}: ${adviceFor(Number(code))}` };
}
