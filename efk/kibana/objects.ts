/**
 * What Kibana shows of Croupier's logs: a data view, saved searches and a dashboard. `npm run kibana` writes croupier.ndjson,
 * which the Job kibana-setup loads; whoever changes something in Kibana exports it, and says here what is different.
 */
import { writeFileSync } from "node:fs";
import { barsPanel, count, dataView, filters, metric, numberPanel, overTime, percentile, tablePanel, values } from "./lens.ts";

export const file = new URL("croupier.ndjson", import.meta.url);

/** Kibana brings older shapes up to its own: these are the newest that 8.15 has for certain. */
const versions = { "index-pattern": "8.0.0", search: "8.0.0", dashboard: "8.9.0" } as const;
const core = "8.8.0";

interface Reference {
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

function object(type: keyof typeof versions, id: string, attributes: object, references: readonly Reference[] = []) {
  return { type, id, attributes, references, managed: false, coreMigrationVersion: core, typeMigrationVersion: versions[type] };
}

const view = object("index-pattern", dataView, {
  title: "fluentd-*",
  name: "Croupier",
  timeFieldName: "@timestamp",
  fields: "[]",
  fieldAttrs: "{}",
  runtimeFieldMap: "{}",
  sourceFilters: "[]",
  fieldFormatMap: JSON.stringify({
    "event.duration": { id: "duration", params: { inputFormat: "nanoseconds", outputFormat: "asMilliseconds", outputPrecision: 1 } },
    "user.id": { id: "string", params: {} },
  }),
});

const player = [
  "event.action",
  "game.name",
  "room.id",
  "seat",
  "game.points",
  "error.code",
  "close.code",
  "event.reason",
  "service.version",
];
const room = [
  "event.action",
  "user.id",
  "epoch",
  "game.points",
  "event.reason",
  "event.duration",
  "service.version",
  "kubernetes.pod_name",
];

const searches = [
  search("player", "One player", "What user 7 did and what became of it: put another number in.", "user.id : 7", player),
  search("session", "One session", "A connection, at its gate and at every game server.", "trace.id : *", ["trace.id", ...player]),
  search("room", "One room", "A room's lives, on every server they were played at.", "game.name : dice and room.id : 1", room),
  search(
    "rollout",
    "One rollout",
    "Who came, who left, and what became of the rooms.",
    'event.action : (start or ready or stop or drain* or "restore all" or "park all" or "dissolve all" or move* or "room arrive" or "room park" or "room restore" or "room held" or "room resumed" or "room lost" or "room unreadable")',
    [
      "service.name",
      "service.version",
      "kubernetes.pod_name",
      "event.action",
      "room.id",
      "epoch",
      "rooms",
      "users",
      "event.duration",
      "event.reason",
    ],
  ),
  search(
    "refusals",
    "Refusals",
    "What clients asked for in vain, and who was not let in.",
    'event.action : (refusal or "upgrade refusal")',
    ["event.action", "error.code", "event.reason", "user.id", "client.address", "room.id", "service.version"],
  ),
  search(
    "wrong",
    "What went wrong",
    "Warnings, errors, and what processes said on standard error.",
    "log.level : (warn or error) or (log.level : unknown and stream : stderr)",
    ["log.level", "event.action", "event.reason", "error.message", "message", "kubernetes.pod_name", "service.version"],
  ),
];

function search(id: string, title: string, description: string, query: string, columns: readonly string[]) {
  const name = "kibanaSavedObjectMeta.searchSourceJSON.index";
  const source = { query: { query, language: "kuery" }, filter: [], highlightAll: true, version: true, indexRefName: name };
  const sort = [
    ["@timestamp", "asc"],
    ["event.created", "asc"],
  ];
  const attributes = { title: `Croupier: ${title}`, description, columns, sort, hideChart: false, isTextBasedQuery: false, grid: {} };
  const meta = { kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) } };
  return object("search", `croupier-${id}`, { ...attributes, ...meta }, [{ type: "index-pattern", id: dataView, name }]);
}

const onesThatLeft = 'event.action : "session close"';
const onesRefused = 'event.action : (refusal or "upgrade refusal")';
const moved = 'event.action : "move end"';

/** A row of the dashboard: how tall it is, and what is in it from left to right, with its width of 48. */
const rows = [
  {
    h: 6,
    panels: [
      [12, numberPanel({ title: "Players", columns: { n: metric("unique_count", "user.id", "players") } })],
      [12, numberPanel({ title: "Rooms opened", query: 'event.action : "room open"', columns: { n: count("rooms") } })],
      [12, numberPanel({ title: "Games played", query: "event.action : settle", columns: { n: count("games") } })],
      [12, numberPanel({ title: "Longest pause of moves, p99", query: moved, columns: { n: percentile(99, "event.duration", "p99") } })],
    ],
  },
  {
    h: 12,
    panels: [
      [
        24,
        barsPanel({
          title: "Lines by release",
          query: "service.version : *",
          columns: { x: overTime(), split: values("service.version", "release", "y"), y: count("lines") },
        }),
      ],
      [
        24,
        barsPanel({
          title: "Rooms on their way",
          columns: {
            x: overTime(),
            split: filters("what", {
              moved,
              "came back": 'event.action : "move back"',
              restored: 'event.action : "room restore"',
              parked: 'event.action : "room park"',
              held: 'event.action : "room held"',
              lost: 'event.action : "room lost"',
              dissolved: 'event.action : "room dissolve"',
            }),
            y: count("rooms"),
          },
        }),
      ],
    ],
  },
  {
    h: 12,
    panels: [
      [
        24,
        barsPanel({
          title: "Sessions closed, by code",
          query: onesThatLeft,
          columns: { x: overTime(), split: values("close.code", "code", "y", "number"), y: count("sessions") },
        }),
      ],
      [
        24,
        barsPanel({
          title: "Refusals, by code",
          query: onesRefused,
          columns: { x: overTime(), split: values("error.code", "code", "y"), y: count("refusals") },
        }),
      ],
    ],
  },
  {
    h: 12,
    panels: [
      [
        16,
        tablePanel({
          title: "Refused and why",
          query: onesRefused,
          columns: { code: values("error.code", "code", "n"), why: values("event.reason", "reason", "n"), n: count("times") },
        }),
      ],
      [
        16,
        tablePanel({
          title: "Who is refused most",
          query: "event.action : refusal",
          columns: { user: values("user.id", "user", "n"), n: count("times") },
        }),
      ],
      [
        16,
        tablePanel({
          title: "Warnings and errors",
          query: "log.level : (warn or error)",
          columns: { what: values("event.action", "event", "n"), where: values("service.node.name", "process", "n"), n: count("times") },
        }),
      ],
    ],
  },
] as const;

const panels = rows.flatMap(({ h, panels: across }, row) => {
  const y = rows.slice(0, row).reduce((sum, above) => sum + above.h, 0);
  let x = 0;
  return across.map(([w, panel], column) => {
    const panelIndex = `${row}-${column}`;
    const placed = { ...panel, panelIndex, gridData: { x, y, w, h, i: panelIndex } };
    x += w;
    return placed;
  });
});

const last = { x: 0, y: rows.reduce((sum, { h }) => sum + h, 0), w: 48, h: 16, i: "wrong" };
const wrong = { type: "search", panelIndex: "wrong", gridData: last, embeddableConfig: { enhancements: {} }, panelRefName: "panel_wrong" };

/** Drop-downs at the top. */
const controls = Object.fromEntries(
  ["service.version", "game.name", "room.id", "user.id"].map((fieldName, order) => {
    const title = { "service.version": "release", "game.name": "game", "room.id": "room", "user.id": "player" }[fieldName];
    const explicitInput = { id: fieldName, fieldName, title, enhancements: {}, selectedOptions: [] };
    return [fieldName, { type: "optionsListControl", order, grow: true, width: "medium", explicitInput }];
  }),
);

const dashboard = object(
  "dashboard",
  "croupier",
  {
    title: "Croupier",
    description: "Players, rooms and releases, as the logs tell them.",
    version: 1,
    timeRestore: true,
    timeFrom: "now-24h",
    timeTo: "now",
    refreshInterval: { pause: true, value: 60_000 },
    optionsJSON: JSON.stringify({ useMargins: true, syncColors: true, syncCursor: true, syncTooltips: false, hidePanelTitles: false }),
    panelsJSON: JSON.stringify([...panels, wrong]),
    controlGroupInput: {
      controlStyle: "oneLine",
      chainingSystem: "HIERARCHICAL",
      panelsJSON: JSON.stringify(controls),
      ignoreParentSettingsJSON: JSON.stringify({
        ignoreFilters: false,
        ignoreQuery: false,
        ignoreTimerange: false,
        ignoreValidations: false,
      }),
    },
    kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { query: "", language: "kuery" }, filter: [] }) },
  },
  [
    ...panels.map(({ panelIndex, embeddableConfig }) => {
      const [{ type, id, name }] = embeddableConfig.attributes.references as [Reference];
      return { type, id, name: `${panelIndex}:${name}` };
    }),
    { type: "search", id: "croupier-wrong", name: "wrong:panel_wrong" },
    ...Object.keys(controls).map((id) => ({ type: "index-pattern", id: dataView, name: `controlGroup_${id}:optionsListDataView` })),
  ],
);

/** One object per line, in the order in which they refer to each other. */
export function ndjson(): string {
  return `${[view, ...searches, dashboard].map((one) => JSON.stringify(one)).join("\n")}\n`;
}

if (import.meta.main) writeFileSync(file, ndjson());
