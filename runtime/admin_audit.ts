/**
 * Who asked the admin listener to change something, and what became of it: a line of the log
 * each, refused ones too, and a count of all requests that somebody's token was asked for. A
 * query and a body are never said.
 */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { nanoseconds } from "./log_fields.ts";
import { LogLimit, refusalPaces } from "./log_limit.ts";
import { Tally } from "./metrics.ts";

/** What is said of a request. */
export interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly role: AskedRole;
  readonly address: string;
  readonly status: number;
  readonly durationMs: number;
}

export type AskedRole = "read" | "operate" | "none";

/** Of a path in a line: longer ones are nobody's room, user or session. */
const pathCharactersMax = 256;

const changing = ["POST", "DELETE"] as const;
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", ...changing, "PUT", "PATCH"]);

/** What is shown before it has happened, so that the first time is a rise: what is asked in vain, and what is not. */
const shownFirst = [
  ...["GET", ...changing].flatMap((method) => [keyOf("none", method, 401), keyOf("none", method, 403), keyOf("operate", method, 200)]),
  ...[keyOf("read", "GET", 200), ...changing.map((method) => keyOf("read", method, 403))],
];

export class Audit {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #requests = new Tally<string>(shownFirst);
  /** Lines about strangers, by address. */
  readonly #lines = new LogLimit(refusalPaces);

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  note(asked: Asked): void {
    const { method, role, status } = asked;
    this.#requests.add(keyOf(role, methods.has(method) ? method : "other", status));
    if (method !== "GET" && method !== "HEAD") this.#say(asked);
  }

  /** How many, by role, method and status. */
  *counts(): Iterable<readonly [role: string, method: string, status: string, count: number]> {
    for (const [key, count] of this.#requests.counts) {
      const [role = "", method = "", status = ""] = key.split(" ");
      yield [role, method, status, count];
    }
  }

  /** All that operators do is said; who may not is bounded. */
  #say({ method, path, role, address, status, durationMs }: Asked): void {
    const left = role === "operate" ? {} : this.#lines.take(address, this.#clock.now());
    if (left === undefined) return;
    this.#log.info("admin action", {
      "http.request.method": method,
      "url.path": path.slice(0, pathCharactersMax),
      "http.response.status_code": status,
      "client.address": address,
      "event.duration": nanoseconds(durationMs),
      "user.roles": role,
      ...left,
    });
  }
}

function keyOf(role: AskedRole, method: string, status: number): string {
  return `${role} ${method} ${status}`;
}
