/** What a door counts: plain numbers that the metrics read when they are scraped. */
import { closeCodes } from "#protocol/close_codes.ts";
import { refusals } from "#protocol/refusals.ts";
import { type Distribution, type Metrics, Tally, timed } from "#runtime/metrics.ts";
import { KeyCounts } from "./key_counts.ts";
import type { SocketEnd } from "./player_socket.ts";
import type { Session } from "./session.ts";

const ends: Readonly<Record<SocketEnd, number | "none">> = {
  ...(Object.fromEntries(Object.entries(closeCodes).map(([end, { code }]) => [end, code])) as Record<keyof typeof closeCodes, number>),
  /** Without a close frame of ours: whatever code the client chose is no label. */
  slow: "none",
  left: "none",
};
const stages = ["idle", "entering", "seated", "leaving"] as const satisfies readonly Session["stage"][];
/** The answers of listener.ts. */
export const upgradeStatuses = [400, 401, 403, 405, 408, 429, 431, 500, 503] as const;

export type UpgradeStatus = (typeof upgradeStatuses)[number];

export const refusalCodes: readonly number[] = Object.values(refusals).map(({ code }) => code);

export class DoorCounts {
  framesIn = 0;
  framesOut = 0;
  sessions = 0;
  /** Lines of the log that were left out, since clients caused too many of them. */
  linesDropped = 0;
  /** Upgrades that waited, and those that wait now, since their address had brought too many bad tokens. */
  upgradesSlowed = 0;
  upgradesWaiting = 0;
  /** Refusals given before a room was asked, by code. */
  readonly refusals = new Tally<number>(refusalCodes);
  /** Sessions ended, by row of the close table. */
  readonly ends = new Tally<SocketEnd>(Object.keys(ends) as SocketEnd[]);
  /** Upgrades refused, by HTTP status. */
  readonly upgrades = new Tally<UpgradeStatus>(upgradeStatuses);
  readonly keys = new KeyCounts();
  /** From an input that was read to its acknowledgement, and from a sit to the seat; undefined: nobody wants to know. */
  readonly road: Distribution | undefined;
  readonly sits: Distribution | undefined;

  constructor(settings: Parameters<typeof timed>[0]) {
    this.road = timed(settings, "croupier_road_seconds");
    this.sits = timed(settings, "croupier_sit_seconds");
  }

  /** `sessions`: those that are open; undefined while the door is not open yet. */
  register(metrics: Metrics, sessions: () => Iterable<Session> | undefined): void {
    const all = (): Session[] => [...(sessions() ?? [])];
    metrics.gauges("croupier_sessions", () => stages.map((stage) => [stage, all().filter((session) => session.stage === stage).length]));
    metrics.gauge("croupier_sessions_unread", () => all().filter(({ isUnread }) => isUnread).length);
    metrics.gauge("croupier_inputs_unacknowledged", () => all().reduce((sum, { unacknowledged }) => sum + unacknowledged, 0));
    metrics.total("croupier_frames_in_total", () => this.framesIn);
    metrics.total("croupier_frames_out_total", () => this.framesOut);
    metrics.total("croupier_door_log_lines_dropped_total", () => this.linesDropped);
    metrics.totals("croupier_door_refusals_total", () => this.refusals.counts);
    metrics.totals("croupier_session_ends_total", () => this.ends.counts.entries().map(([end, count]) => [end, ends[end], count] as const));
    metrics.totals("croupier_upgrade_refusals_total", () => this.upgrades.counts);
    metrics.total("croupier_upgrades_slowed_total", () => this.upgradesSlowed);
    metrics.gauge("croupier_upgrades_waiting", () => this.upgradesWaiting);
    this.keys.register(metrics);
    metrics.histogram(this.road);
    metrics.histogram(this.sits);
  }
}
