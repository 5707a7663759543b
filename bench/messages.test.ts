/** What is made of what was measured: ratios within rounds, tables, figures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Compared, type Round, ratio } from "./messages.ts";
import { svgOf } from "./plot.ts";
import type { Table } from "./scenario.ts";
import { textOf } from "./table.ts";

function roundsOf(...cpu: number[]): { one: Round[]; four: Round[]; light: Round[] } {
  const one = cpu.map((each) => ({
    ...{ cpu: { gate: each / 2, rooms: each / 2 }, latenciesMs: Float64Array.of(1) },
    ...{ deliveriesPerSecond: 1, questionsPerSecond: 1, askersCpu: 0 },
  }));
  return { one, four: [], light: [] };
}

test("[bench] a ratio is the median of those of each round, not that of medians", () => {
  const compared: Compared = new Map([
    ["mine", roundsOf(10, 40, 90)],
    ["other", roundsOf(10, 20, 30)],
  ]);
  assert.equal(ratio(compared, "mine", "other"), 2);
  assert.ok(Number.isNaN(ratio(compared, "mine", "not there")));
});

test("[bench] a table has a column under each head, and says which targets are met, also when it is read from a file", () => {
  const targets = [
    { text: "a ≤ 2", value: 1.5, limit: 2, isMet: true },
    { text: "b ≤ 2", value: 3, limit: 2, isMet: false },
  ];
  const table = {
    title: "Things",
    columns: ["", "µs"],
    rows: [
      ["croupier", 12.345],
      ["ws", Number.NaN],
    ],
    targets,
  };
  const text = ["### Things", "", "|          |   µs |", "| -------- | ---: |", "| croupier | 12.3 |", "| ws       |    – |", ""]
    .concat(["- met: a ≤ 2: 1.50", "- **not met**: b ≤ 2: 3"])
    .join("\n");
  assert.equal(textOf(table), text);
  assert.equal(textOf(JSON.parse(JSON.stringify(table)) as Table), text);
});

test("[bench] a figure has each line with each of its points, within its frame", () => {
  for (const scale of ["even", "logarithmic"] as const) {
    const lines = [
      {
        name: "a & b",
        points: [
          [4, 0.5],
          [400, 70],
        ] as const,
      },
      { name: "c", points: [[20, 3]] as const },
    ];
    const svg = svgOf({ title: "t", x: { name: "x", scale: "logarithmic" }, y: { name: "y", scale }, lines });
    assert.equal(svg.match(/<polyline/g)?.length, 2);
    const places = [...svg.matchAll(/<circle cx="(?<x>[^"]+)" cy="(?<y>[^"]+)"/g)].map(({ groups }) =>
      [groups?.["x"], groups?.["y"]].map(Number),
    );
    assert.equal(places.length, 3);
    for (const [x = Number.NaN, y = Number.NaN] of places) assert.ok(x >= 70 && x <= 660 && y >= 50 && y <= 460, `${x}, ${y}`);
    assert.ok(svg.includes("a &amp; b") && !svg.includes("NaN"));
  }
});
