/** What a door counts: plain numbers that the metrics read when they are scraped. */
import { type Metrics, Tally } from "#runtime/metrics.ts";
import type { SocketEnd } from "./player_socket.ts";

export class DoorCounts {
  framesIn = 0;
  framesOut = 0;
  sessions = 0;
  /** Refusals given before a room was asked, by code. */
  readonly refusals = new Tally<number>();
  /** Sessions ended, by row of the close table. */
  readonly ends = new Tally<SocketEnd>();
  /** Upgrades refused, by HTTP status. */
  readonly upgrades = new Tally<number>();

  register(metrics: Metrics): void {
    metrics.gauge("croupier_sessions", "Sessions open at this door.", () => this.sessions);
    metrics.total("croupier_frames_in_total", "Frames read from clients.", () => this.framesIn);
    metrics.total("croupier_frames_out_total", "Frames written to clients.", () => this.framesOut);
    metrics.totals("croupier_door_refusals_total", "Refusals given before a room was asked, by code.", "code", this.refusals);
    metrics.totals("croupier_session_ends_total", "Sessions ended, by the row of the close table.", "end", this.ends);
    metrics.totals("croupier_upgrade_refusals_total", "Upgrades refused, by HTTP status.", "status", this.upgrades);
  }
}
