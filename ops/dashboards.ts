/**
 * Grafana's dashboards: what each panel asks, here, and the JSON that Grafana loads, in
 * dashboards/. `npm run dashboards` writes it; a test compares, and asks a real Prometheus
 * every question.
 */
import { writeFileSync } from "node:fs";

/** What is asked, and what a line of the answer is called. */
type Query = readonly [expression: string, legend: string];

type Unit = "short" | "s" | "bytes" | "Bps" | "percentunit" | "ops" | "bool";

interface Panel {
  readonly title: string;
  readonly about?: string;
  readonly unit: Unit;
  /** Left out: lines over time. */
  readonly kind?: "stat" | "heatmap" | "table";
  readonly queries: readonly Query[];
}

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Processes that are picked above the panels. */
const picked = 'instance=~"$instance"';

function quantiles(metric: string, by = ""): Query[] {
  const buckets = (rate: string): string => `sum by (le${by === "" ? "" : `, ${by}`}) (rate(${metric}_bucket{${picked}}[${rate}]))`;
  const legend = by === "" ? "" : ` {{${by}}}`;
  return [0.5, 0.99].map((share) => [`histogram_quantile(${share}, ${buckets("$__rate_interval")})`, `p${share * 100}${legend}`]);
}

function heat(title: string, metric: string): Panel {
  return {
    title,
    unit: "s",
    kind: "heatmap",
    queries: [[`sum by (le) (increase(${metric}_bucket{${picked}}[$__rate_interval]))`, "{{le}}"]],
  };
}

export const dashboards: readonly Dashboard[] = [
  {
    uid: "croupier-players",
    title: "Croupier: players and rooms",
    panels: [
      { title: "Players with a seat", unit: "short", kind: "stat", queries: [["croupier:users:sum", "players"]] },
      { title: "Rooms in play", unit: "short", kind: "stat", queries: [["croupier:rooms:sum", "rooms"]] },
      { title: "Sessions", unit: "short", kind: "stat", queries: [["sum(croupier:sessions:sum)", "sessions"]] },
      {
        title: "Rooms held, unreadable",
        unit: "short",
        kind: "stat",
        queries: [
          ["sum(croupier_gate_rooms_held)", "held"],
          ["sum(croupier_rooms_unreadable)", "unreadable"],
        ],
      },
      { title: "Rooms by game server", unit: "short", queries: [[`croupier_rooms{${picked}}`, "{{instance}}"]] },
      { title: "Players by game server", unit: "short", queries: [[`croupier_users{${picked}}`, "{{instance}}"]] },
      { title: "Sessions by stage", unit: "short", queries: [["croupier:sessions:sum", "{{stage}}"]] },
      {
        title: "Sessions by gate",
        unit: "short",
        queries: [[`sum by (instance) (croupier_sessions{service!="game_server", ${picked}})`, "{{instance}}"]],
      },
      {
        title: "Messages",
        unit: "ops",
        queries: [
          ["croupier:frames_in:rate1m", "read"],
          ["croupier:frames_out:rate1m", "written"],
          ["croupier:inputs:rate1m", "answered by rooms"],
        ],
      },
      {
        title: "Rooms opened, restored, taken",
        unit: "ops",
        queries: [
          [`sum(rate(croupier_rooms_opened_total{${picked}}[$__rate_interval]))`, "opened"],
          [`sum(rate(croupier_rooms_restored_total{${picked}}[$__rate_interval]))`, "restored"],
          [`sum(rate(croupier_rooms_taken_total{${picked}}[$__rate_interval]))`, "taken"],
        ],
      },
      {
        title: "Rooms that crashed, promises that were broken",
        about: "All three stay at nothing.",
        unit: "short",
        queries: [
          [`sum(increase(croupier_room_crashes_total{${picked}}[$__range]))`, "room crashes"],
          [`sum(increase(croupier_inputs_forgotten_total{${picked}}[$__range]))`, "inputs forgotten"],
          [`sum(increase(croupier_directory_conflicts_total{${picked}}[$__range]))`, "directory conflicts"],
        ],
      },
    ],
  },
  {
    uid: "croupier-road",
    title: "Croupier: the road's latency",
    panels: [
      {
        title: "An input's road: gate, room, journal, gate",
        unit: "s",
        queries: [
          ["croupier:road_seconds:p50", "p50"],
          ["croupier:road_seconds:p99", "p99"],
        ],
      },
      { title: "Road by gate (p99)", unit: "s", queries: [[`instance:croupier_road_seconds:p99{${picked}}`, "{{instance}}"]] },
      heat("Road", "croupier_road_seconds"),
      { title: "Until seated", unit: "s", queries: [["croupier:sit_seconds:p99", "p99 of all"], ...quantiles("croupier_sit_seconds")] },
      { title: "Journal commits", unit: "s", queries: [[`instance:croupier_journal_commit_seconds:p99{${picked}}`, "p99 {{instance}}"]] },
      { title: "Handlers", unit: "s", queries: [[`instance:croupier_handler_seconds:p99{${picked}}`, "p99 {{instance}}"]] },
      { title: "Event loop", unit: "s", queries: [[`instance:croupier_event_loop_delay_seconds:p99{${picked}}`, "p99 {{instance}}"]] },
      {
        title: "What waits at the gates",
        unit: "short",
        queries: [
          [`sum(croupier_inputs_unacknowledged{${picked}})`, "inputs unacknowledged"],
          [`sum(croupier_sessions_unread{${picked}})`, "sessions not read"],
        ],
      },
    ],
  },
  {
    uid: "croupier-rollout",
    title: "Croupier: a rollout in progress",
    panels: [
      {
        title: "Processes by release",
        unit: "short",
        queries: [["count by (service, release) (croupier_build_info)", "{{service}} {{release}}"]],
      },
      {
        title: "Rooms by release",
        unit: "short",
        queries: [["sum by (release) (croupier_rooms * on (job, instance) group_left (release) croupier_build_info)", "{{release}}"]],
      },
      {
        title: "Sessions by release of their gate",
        unit: "short",
        queries: [
          [
            'sum by (release) (sum by (job, instance) (croupier_sessions{service!="game_server"}) * on (job, instance) group_left (release) croupier_build_info)',
            "{{release}}",
          ],
        ],
      },
      {
        title: "Stages",
        unit: "short",
        kind: "table",
        queries: [[`max by (instance, service, stage) (croupier_stage{${picked}}) == 1`, "{{instance}}"]],
      },
      {
        title: "Moves",
        unit: "ops",
        queries: [
          [`sum(rate(croupier_move_pause_seconds_count{${picked}}[$__rate_interval]))`, "moved"],
          [`sum(rate(croupier_moves_back_total{${picked}}[$__rate_interval]))`, "came back"],
        ],
      },
      {
        title: "Pauses of rooms that move",
        about: "Promised: 250 ms (P5).",
        unit: "s",
        queries: [["croupier:move_pause_seconds:p99", "p99 of all"], ...quantiles("croupier_move_pause_seconds")],
      },
      {
        title: "Rooms held",
        about: "By a gate, until they go on elsewhere.",
        unit: "short",
        queries: [[`sum by (instance) (croupier_gate_rooms_held{${picked}})`, "{{instance}}"]],
      },
      {
        title: "For how long",
        unit: "s",
        queries: [["croupier:room_held_seconds:p99", "p99 of all"], ...quantiles("croupier_room_held_seconds")],
      },
      {
        title: "Drains that are stuck, rooms that nobody reads",
        unit: "short",
        queries: [
          [`sum(croupier_drain_stuck{${picked}})`, "stuck"],
          [`sum(croupier_rooms_unreadable{${picked}})`, "unreadable rooms"],
        ],
      },
      {
        title: "Links",
        unit: "short",
        queries: [
          [`croupier_links{${picked}}`, "{{instance}} to game servers"],
          [`croupier_links_down{${picked}}`, "{{instance}} down"],
          [`croupier_gates{${picked}}`, "{{instance}} to gates"],
        ],
      },
      {
        title: "Starts",
        unit: "short",
        queries: [[`changes(process_start_time_seconds{job="croupier", ${picked}}[$__range])`, "{{instance}}"]],
      },
    ],
  },
  {
    uid: "croupier-refusals",
    title: "Croupier: refusals and closes",
    panels: [
      { title: "Refusals by code", about: "Codes: PROTOCOL §1.", unit: "ops", queries: [["croupier:refusals:rate1m", "{{code}}"]] },
      {
        title: "Before a room was asked, by gate",
        unit: "ops",
        queries: [[`sum by (instance) (rate(croupier_door_refusals_total{${picked}}[$__rate_interval]))`, "{{instance}}"]],
      },
      {
        title: "By rooms and sits, by game server",
        unit: "ops",
        queries: [[`sum by (instance) (rate(croupier_room_refusals_total{${picked}}[$__rate_interval]))`, "{{instance}}"]],
      },
      { title: "Sessions ended", unit: "ops", queries: [["croupier:session_ends:rate1m", "{{end}} {{code}}"]] },
      {
        title: "Sessions ended, in all",
        unit: "short",
        kind: "table",
        queries: [[`sum by (end, code) (increase(croupier_session_ends_total{${picked}}[$__range])) > 0`, "{{end}} {{code}}"]],
      },
      {
        title: "Links refused, by game server",
        unit: "ops",
        queries: [[`sum by (instance) (rate(croupier_link_refusals_total{${picked}}[$__rate_interval]))`, "{{instance}}"]],
      },
      { title: "Upgrades refused", unit: "ops", queries: [["croupier:upgrade_refusals:rate1m", "{{status}}"]] },
      {
        title: "Admin requests refused",
        about: "role none: no good token; read: a token that may only read.",
        unit: "ops",
        queries: [
          [
            `sum by (role, method, status) (rate(croupier_admin_requests_total{status=~"401|403|422", ${picked}}[$__rate_interval]))`,
            "{{role}} {{method}} {{status}}",
          ],
        ],
      },
      {
        title: "Changes by operators, in all",
        about: "Who and what: the log, event `admin action`.",
        unit: "short",
        kind: "table",
        queries: [
          [
            `sum by (instance, method, status) (increase(croupier_admin_requests_total{role="operate", method!~"GET|HEAD", ${picked}}[$__range]))`,
            "{{instance}} {{method}} {{status}}",
          ],
        ],
      },
      {
        title: "Held in vain, too late, stale",
        about: "Seats given up after HOLD, sessions whose outputs were not kept, words of former owners.",
        unit: "short",
        queries: [
          [`sum(increase(croupier_seats_given_up_total{${picked}}[$__rate_interval]))`, "seats given up"],
          [`sum(increase(croupier_sessions_outdated_total{${picked}}[$__rate_interval]))`, "sessions outdated"],
          [`sum(increase(croupier_gate_stale_total{${picked}}[$__rate_interval]))`, "stale"],
        ],
      },
      {
        title: "Slowed down after bad tokens",
        unit: "short",
        queries: [
          [`sum by (instance) (increase(croupier_upgrades_slowed_total{${picked}}[$__rate_interval]))`, "slowed {{instance}}"],
          [`sum by (instance) (croupier_upgrades_waiting{${picked}})`, "waiting {{instance}}"],
        ],
      },
      {
        title: "Keys of tokens, how often they were read",
        about: "From JWKS_URL, by what came of it.",
        unit: "short",
        queries: [[`sum by (outcome) (increase(croupier_jwks_readings_total{${picked}}[$__range]))`, "{{outcome}}"]],
      },
      {
        title: "Keys of tokens, how many",
        unit: "short",
        queries: [[`croupier_jwks_keys{${picked}}`, "{{instance}}"]],
      },
      {
        title: "Keys of tokens, how old",
        about: "5 min at most, while JWKS_URL answers.",
        unit: "s",
        queries: [[`time() - (croupier_jwks_read_timestamp_seconds{${picked}} > 0)`, "{{instance}}"]],
      },
    ],
  },
  {
    uid: "croupier-resources",
    title: "Croupier: resources",
    panels: [
      {
        title: "Processes",
        unit: "short",
        kind: "stat",
        queries: [
          ['sum(up{job="croupier"})', "scraped"],
          ['count(up{job="croupier"} == 0) or vector(0)', "not scraped"],
        ],
      },
      {
        title: "What is shared",
        unit: "bool",
        queries: [
          [`min(croupier_redis_up{${picked}})`, "Redis"],
          [`min(croupier_fleet_up{${picked}})`, "fleet"],
        ],
      },
      {
        title: "Processor",
        unit: "percentunit",
        queries: [[`rate(process_cpu_seconds_total{job="croupier", ${picked}}[$__rate_interval])`, "{{instance}}"]],
      },
      { title: "Memory, of its limit", unit: "percentunit", queries: [[`instance:croupier_memory:ratio{${picked}}`, "{{instance}}"]] },
      { title: "Memory", unit: "bytes", queries: [[`process_resident_memory_bytes{job="croupier", ${picked}}`, "{{instance}}"]] },
      { title: "Heap, of its limit", unit: "percentunit", queries: [[`instance:croupier_heap:ratio{${picked}}`, "{{instance}}"]] },
      {
        title: "Rooms, of those a server may have",
        unit: "percentunit",
        queries: [[`instance:croupier_rooms:ratio{${picked}}`, "{{instance}}"]],
      },
      heat("Event loop", "croupier_event_loop_delay_seconds"),
      {
        title: "Garbage collection",
        unit: "percentunit",
        queries: [[`sum by (instance) (rate(nodejs_gc_duration_seconds_sum{${picked}}[$__rate_interval]))`, "{{instance}}"]],
      },
      { title: "Files and sockets", unit: "short", queries: [[`process_open_fds{job="croupier", ${picked}}`, "{{instance}}"]] },
      heat("Journal commits", "croupier_journal_commit_seconds"),
      {
        title: "Rooms in a commit",
        unit: "short",
        queries: [
          [
            `sum by (instance) (rate(croupier_journal_rooms_written_total{${picked}}[$__rate_interval])) / sum by (instance) (rate(croupier_journal_commit_seconds_count{${picked}}[$__rate_interval]))`,
            "{{instance}}",
          ],
        ],
      },
      {
        title: "Journal",
        unit: "Bps",
        queries: [[`sum by (instance) (rate(croupier_journal_written_bytes_total{${picked}}[$__rate_interval]))`, "{{instance}}"]],
      },
      {
        title: "Lines of logs that were left out",
        unit: "ops",
        queries: [
          [`sum(rate(croupier_log_lines_dropped_total{${picked}}[$__rate_interval]))`, "nobody read in time"],
          [`sum(rate(croupier_door_log_lines_dropped_total{${picked}}[$__rate_interval]))`, "sessions and refusals at doors"],
          [`sum(rate(croupier_room_log_lines_dropped_total{${picked}}[$__rate_interval]))`, "refusals by rooms"],
        ],
      },
      {
        title: "Journals without space, rooms and turns lost",
        unit: "short",
        queries: [
          [`sum(croupier_journal_stalled{${picked}})`, "stalled"],
          [`sum(croupier_journal_rooms_lost{${picked}})`, "rooms lost"],
          [`sum(croupier_journal_turns_lost{${picked}})`, "turns lost"],
        ],
      },
    ],
  },
];

const datasource = { type: "prometheus", uid: "$datasource" };
const types = { stat: "stat", heatmap: "heatmap", table: "table", lines: "timeseries" } as const;
const [width, height, inRow] = [8, 8, 3];

function panelJson({ title, about, unit, kind, queries }: Panel, at: number): object {
  const format = { heatmap: "heatmap", table: "table", stat: "time_series", lines: "time_series" }[kind ?? "lines"];
  return {
    ...{ id: at + 1, type: types[kind ?? "lines"], title, ...(about === undefined ? {} : { description: about }), datasource },
    gridPos: { x: (at % inRow) * width, y: Math.floor(at / inRow) * height, w: width, h: height },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    ...(kind === "heatmap" ? { options: { calculate: false, yAxis: { unit } } } : {}),
    targets: queries.map(([expr, legendFormat], query) => ({
      ...{ refId: String.fromCharCode("A".charCodeAt(0) + query), datasource, expr, legendFormat, format },
      ...(kind === "table" ? { instant: true, range: false } : { range: true }),
    })),
  };
}

/** What Grafana loads. */
export function dashboardJson({ uid, title, panels }: Dashboard): string {
  const instances = "label_values(croupier_build_info, instance)";
  const json = {
    ...{ uid, title, tags: ["croupier"], schemaVersion: 39, version: 1, editable: true, refresh: "10s" },
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" },
        {
          ...{ name: "instance", label: "Process", type: "query", datasource, query: { query: instances, refId: "instance" } },
          ...{ definition: instances, refresh: 2, sort: 1, multi: true, includeAll: true, allValue: ".*" },
          current: { text: "All", value: "$__all" },
        },
      ],
    },
    links: [{ type: "dashboards", title: "Croupier", tags: ["croupier"], asDropdown: true, includeVars: true, keepTime: true }],
    panels: panels.map(panelJson),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

export function fileOf({ uid }: Dashboard): URL {
  return new URL(`dashboards/${uid.replace("croupier-", "")}.json`, import.meta.url);
}

if (import.meta.main) for (const dashboard of dashboards) writeFileSync(fileOf(dashboard), dashboardJson(dashboard));
