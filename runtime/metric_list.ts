/**
 * The metrics: one closed list of everything this project shows beside what Node says of
 * itself. `Metrics` is typed by it, so a metric that is not here does not compile; a test
 * finds each of them in a real scrape, and ops/README.md's table is this one.
 *
 * Names and units are Prometheus' own: seconds and bytes, totals end with `_total`. Every line
 * also has the label `service`: gate, game_server, or croupier (single mode, which is both:
 * nothing is shown twice there). No label is ever a client's choice.
 */

/**
 * Which processes show it: all; those with a door for players (gates, game servers too); gates;
 * game servers; gates and game servers that share a directory in Redis.
 */
type Place = "process" | "door" | "gate" | "game server" | "shared";

interface MetricRow {
  readonly kind: "gauge" | "counter" | "histogram";
  readonly unit?: "seconds" | "bytes";
  readonly help: string;
  /** Each has a closed set of values, all of them shown from the first scrape on, so that the first event is a rise. */
  readonly labels?: readonly string[];
  readonly shownBy: Place;
  /** Of a histogram: upper bounds, ascending. */
  readonly buckets?: readonly number[];
}

/** What players wait for: 250 ms is promised of a pause (P5), a roll on one machine takes 1 to 2 ms, a killed server's comes back in seconds. */
const waits = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** What stops an event loop: a commit takes 50 µs, a slow disk's sync some ms; 100 ms is called slow (game_server/watchdog.ts). */
const steps = [0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] as const;
/** A planned move is within 250 ms, a restart takes seconds, and HOLD (90 s) ends all of it. */
const holds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 90] as const;

export const metricList = {
  croupier_build_info: {
    kind: "gauge",
    labels: ["release", "node"],
    shownBy: "process",
    help: "1; the release of this process, and the Node that runs it.",
  },
  croupier_stage: {
    kind: "gauge",
    labels: ["stage"],
    shownBy: "process",
    help: "1 for the stage this process is in: serving, draining or dissolving.",
  },
  croupier_event_loop_delay_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "process",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    help: "How late a timer that is due every 50 ms came.",
  },
  croupier_memory_limit_bytes: {
    kind: "gauge",
    unit: "bytes",
    shownBy: "process",
    help: "Memory this process may use: its container's limit, or else the machine's.",
  },
  croupier_heap_limit_bytes: {
    kind: "gauge",
    unit: "bytes",
    shownBy: "process",
    help: "How large the JavaScript heap may grow; beyond it the process ends.",
  },
  croupier_log_lines_dropped_total: { kind: "counter", shownBy: "process", help: "Lines of the log that nobody read in time." },

  croupier_secrets_faulty: {
    kind: "gauge",
    shownBy: "process",
    help: "1 while what is in a file of secrets cannot be used, and older ones are in use.",
  },
  croupier_admin_requests_total: {
    kind: "counter",
    labels: ["role", "method", "status"],
    shownBy: "process",
    help: "Requests to the admin listener, by whose token they brought (read, operate, or none that is good), method and HTTP status.",
  },

  croupier_sessions: { kind: "gauge", labels: ["stage"], shownBy: "door", help: "Sessions open at this door, by what they are at." },
  croupier_sessions_unread: {
    kind: "gauge",
    shownBy: "door",
    help: "Sessions whose socket is not read now: they wait for a room, or have as many unacknowledged inputs as are kept.",
  },
  croupier_inputs_unacknowledged: { kind: "gauge", shownBy: "door", help: "Inputs that are kept until a room acknowledges them." },
  croupier_frames_in_total: { kind: "counter", shownBy: "door", help: "Frames read from clients." },
  croupier_frames_out_total: { kind: "counter", shownBy: "door", help: "Frames written to clients." },
  croupier_door_refusals_total: {
    kind: "counter",
    labels: ["code"],
    shownBy: "door",
    help: "Refusals given before a room was asked, by code (PROTOCOL §1).",
  },
  croupier_door_log_lines_dropped_total: {
    kind: "counter",
    shownBy: "door",
    help: "Lines of the log about sessions and refusals, left out since clients caused too many of them.",
  },
  croupier_session_ends_total: {
    kind: "counter",
    labels: ["end", "code"],
    shownBy: "door",
    help: "Sessions ended, by the row of the close table and its code; left: by the client, slow: cut, a reader too slow.",
  },
  croupier_upgrade_refusals_total: {
    kind: "counter",
    labels: ["status"],
    shownBy: "door",
    help: "Upgrades refused, by HTTP status; 400, 408, 429 and 431 also for what was no request at all.",
  },
  croupier_upgrades_slowed_total: {
    kind: "counter",
    shownBy: "door",
    help: "Upgrades whose token waited before it was looked at, since their address had brought too many bad ones.",
  },
  croupier_upgrades_waiting: { kind: "gauge", shownBy: "door", help: "Upgrades that wait so now." },
  croupier_jwks_readings_total: {
    kind: "counter",
    labels: ["outcome"],
    shownBy: "door",
    help: "How often JWKS_URL was asked, by what came of it.",
  },
  croupier_jwks_keys: { kind: "gauge", shownBy: "door", help: "Public keys in use, from JWKS_URL." },
  croupier_jwks_read_timestamp_seconds: {
    kind: "gauge",
    unit: "seconds",
    shownBy: "door",
    help: "When those were read last, since 1970; 0: never, or there is no JWKS_URL.",
  },
  croupier_road_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "door",
    buckets: waits,
    help: "From an input that was read to its acknowledgement behind the room's answer: in, room, journal, out.",
  },
  croupier_sit_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "door",
    buckets: waits,
    help: "From a sit that was read until the session was seated.",
  },

  croupier_links: { kind: "gauge", shownBy: "gate", help: "Game servers linked." },
  croupier_links_down: {
    kind: "gauge",
    shownBy: "gate",
    help: "Game servers that are offered rooms, that this gate was linked with before (with GAME_SERVERS: all listed), and is not now.",
  },
  croupier_gate_rooms: { kind: "gauge", shownBy: "gate", help: "Lives in which this gate has sessions." },
  croupier_gate_rooms_held: { kind: "gauge", shownBy: "gate", help: "Of those, lives whose game server cannot be reached now." },
  croupier_gate_stale_total: {
    kind: "counter",
    shownBy: "gate",
    help: "What a game server said of a life that another one has by now, with a lower epoch: nobody has heard it.",
  },
  croupier_room_held_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "gate",
    buckets: holds,
    help: "For how long a life was held, until it went on here or was given up: moves, restarts, lost links.",
  },

  croupier_redis_up: { kind: "gauge", shownBy: "shared", help: "1 while Redis answers." },
  croupier_fleet_up: { kind: "gauge", shownBy: "shared", help: "1 while the fleet can be looked up: Redis and, on Kubernetes, its API." },

  croupier_room_refusals_total: {
    kind: "counter",
    labels: ["code"],
    shownBy: "game server",
    help: "Refusals of sits and by rooms, by code; a game's own, from 10000 on, once they were given.",
  },
  croupier_room_log_lines_dropped_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Lines of the log about refusals of sits, by rooms and of links, left out since clients or strangers caused too many of them.",
  },
  croupier_rooms: { kind: "gauge", shownBy: "game server", help: "Rooms in play." },
  croupier_rooms_limit: { kind: "gauge", shownBy: "game server", help: "Rooms this server takes at most." },
  croupier_users: { kind: "gauge", shownBy: "game server", help: "Users with a seat." },
  croupier_link_refusals_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Connections to the link port that were no process of ours, not of this fleet, or too many at once.",
  },
  croupier_gates: { kind: "gauge", shownBy: "game server", help: "Gates linked." },
  croupier_rooms_opened_total: { kind: "counter", shownBy: "game server", help: "Rooms opened." },
  croupier_rooms_unreadable: { kind: "gauge", shownBy: "game server", help: "Rooms that wait for a release that can read them." },
  croupier_rooms_restored_total: { kind: "counter", shownBy: "game server", help: "Rooms gone on with after a restart." },
  croupier_rooms_taken_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Rooms that other game servers have given to this one.",
  },
  croupier_inputs_forgotten_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Inputs that a gate knew to be applied and the journal did not.",
  },
  croupier_sessions_outdated_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Sessions that had to sit down again, since their gate was away for longer than a room's outputs are kept.",
  },
  croupier_seats_given_up_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Seats held for HOLD in vain: their games were asked as if their users had left.",
  },
  croupier_directory_conflicts_total: {
    kind: "counter",
    shownBy: "game server",
    help: "Lives ended because another one has their name, and users sent out because they sit elsewhere too.",
  },
  croupier_move_pause_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "game server",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    help: "For how long nobody played a room that was given away.",
  },
  croupier_moves_back_total: { kind: "counter", shownBy: "game server", help: "Moves that did not come about." },
  croupier_drain_stuck: {
    kind: "gauge",
    shownBy: "game server",
    help: "1 while this server drains and nobody takes what is left of its rooms.",
  },
  croupier_journal_stalled: { kind: "gauge", shownBy: "game server", help: "1 while the journal has no space." },
  croupier_journal_rooms_lost: {
    kind: "gauge",
    shownBy: "game server",
    help: "Rooms that damage to the journal has cost, as found at the start.",
  },
  croupier_journal_turns_lost: {
    kind: "gauge",
    shownBy: "game server",
    help: "Turns that damage to the journal has cost, as found at the start.",
  },
  croupier_journal_commit_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "game server",
    buckets: steps,
    help: "How long it took to write a turn into the journal.",
  },
  croupier_journal_rooms_written_total: { kind: "counter", shownBy: "game server", help: "Rooms written into the journal." },
  croupier_journal_written_bytes_total: {
    kind: "counter",
    unit: "bytes",
    shownBy: "game server",
    help: "Rooms written into the journal, as JSON.",
  },
  croupier_handler_seconds: {
    kind: "histogram",
    unit: "seconds",
    shownBy: "game server",
    buckets: steps,
    help: "How long a game's handler ran.",
  },
  croupier_room_crashes_total: { kind: "counter", shownBy: "game server", help: "Rooms ended because a handler threw." },
} as const satisfies Record<string, MetricRow>;

type List = typeof metricList;

export type MetricName = keyof List;

/** The names of one kind, with or without labels. */
export type NameOf<Kind extends MetricRow["kind"]> = {
  [Name in MetricName]: List[Name]["kind"] extends Kind ? (List[Name] extends { labels: readonly string[] } ? never : Name) : never;
}[MetricName];

export type LabelledNameOf<Kind extends MetricRow["kind"]> = {
  [Name in MetricName]: List[Name]["kind"] extends Kind ? (List[Name] extends { labels: readonly string[] } ? Name : never) : never;
}[MetricName];

type LabelValue = string | number;

/** The values of its labels, in the order of the list, and behind them the number. */
export type LabelledRowOf<Name extends LabelledNameOf<MetricRow["kind"]>> = List[Name] extends {
  labels: infer Labels extends readonly string[];
}
  ? readonly [...ValuesOf<Labels>, number]
  : never;

type ValuesOf<Labels extends readonly string[]> = { readonly [At in keyof Labels]: LabelValue };

/** The rows as they are to whoever reads all of them. */
export const metricRows: Readonly<Record<MetricName, MetricRow>> = metricList;
