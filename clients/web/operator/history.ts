/**
 * What was refused and closed in the last minutes, by what each process counts: a counter
 * says how often since the process began, and this how much of that is new at each look.
 */
import type { AdminClient } from "#clients/croupier/admin.ts";
import { type Measured, readMetrics } from "./exposition.ts";
import { nameOf } from "./fleet.ts";
import type { Member } from "./member.ts";
import { unlessTrouble } from "./trouble.ts";

/** So many looks are kept: five minutes. */
const samplesMax = 60;

/** What one process measured. */
export interface Taken {
  readonly url: string;
  readonly measured: readonly Measured[];
}

/** What the fleet measured at one look. */
export interface Sample {
  /** Of everything that is counted: how often since the last look, and since its processes began. */
  readonly counts: ReadonlyMap<string, { readonly rise: number; readonly total: number }>;
  readonly taken: readonly Taken[];
}

const refusal = ({ labels }: Measured): string => `refusal ${labels.get("code")}`;

/** What is counted under which name. */
const counted: Readonly<Record<string, (one: Measured) => string>> = {
  croupier_door_refusals_total: refusal,
  croupier_room_refusals_total: refusal,
  croupier_session_ends_total: ({ labels }) => `close ${labels.get("code")} ${labels.get("end")}`,
  croupier_upgrade_refusals_total: ({ labels }) => `upgrade ${labels.get("status")}`,
};

/** Gauges that are wrong at this value, and how that is said. */
const wrong: Readonly<Record<string, readonly [value: number, words: string]>> = {
  croupier_journal_stalled: [1, "has no space for its journal: nothing is applied there"],
  croupier_redis_up: [0, "cannot reach Redis: no new rooms"],
  croupier_fleet_up: [0, "cannot look up the fleet"],
  croupier_secrets_faulty: [1, "cannot use what is in a file of secrets, and goes on with older ones"],
};

const names: ReadonlySet<string> = new Set([...Object.keys(counted), ...Object.keys(wrong)]);

/** Undefined: it does not answer, or has no metrics. */
export function sampleOf(admin: AdminClient, signal: AbortSignal): Promise<Taken | undefined> {
  return unlessTrouble(async () => ({ url: admin.url, measured: readMetrics(await admin.askText("/metrics", { signal }), names) }), signal);
}

export class History {
  #samples: readonly Sample[] = [];
  /** Of each process's counters, by process and what is counted. */
  #last = new Map<string, number>();

  /** Gives all that is kept, this look last. */
  add(taken: readonly Taken[]): readonly Sample[] {
    const counts = new Map<string, { rise: number; total: number }>();
    for (const { url, measured } of taken) for (const one of measured) this.#count(url, one, counts);
    this.#samples = [...this.#samples, { counts, taken }].slice(-samplesMax);
    return this.#samples;
  }

  /** A counter that is lower than it was is that of a new process. What is seen for the first time is no rise: nobody knows since when. */
  #count(url: string, one: Measured, counts: Map<string, { rise: number; total: number }>): void {
    const what = counted[one.name]?.(one);
    if (what === undefined) return;
    const key = `${url} ${one.name} ${what}`;
    const before = this.#last.get(key) ?? one.value;
    this.#last.set(key, one.value);
    const sum = counts.get(what) ?? { rise: 0, total: 0 };
    counts.set(what, { rise: sum.rise + (one.value >= before ? one.value - before : one.value), total: sum.total + one.value });
  }
}

export function alarmsIn(samples: readonly Sample[], members: readonly Member[]): string[] {
  return (samples.at(-1)?.taken ?? []).flatMap(({ url, measured }) => {
    const member = members.find(({ admin }) => admin.url === url);
    return measured.flatMap(({ name, value }) => {
      const [bad, words] = wrong[name] ?? [];
      return value === bad ? [`${member === undefined ? url : nameOf(member, members)} ${words}.`] : [];
    });
  });
}
