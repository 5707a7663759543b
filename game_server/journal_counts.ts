/** Counts and times what a journal writes; with `METRICS=off` a journal is what it is, and nothing is counted. */
import type { Clock } from "#runtime/clock.ts";
import { type Distribution, timed } from "#runtime/metrics.ts";
import type { Settings } from "#runtime/settings.ts";
import type { Commit, Journal, StoredRoom } from "./journal.ts";

export interface JournalCounts {
  readonly commits: Distribution | undefined;
  rooms: number;
  bytes: number;
}

export function counted(
  journal: Journal,
  settings: Pick<Settings, "metrics">,
  clock: Clock,
): { readonly journal: Journal; readonly counts: JournalCounts } {
  const commits = timed(settings, "croupier_journal_commit_seconds");
  const counts: JournalCounts = { commits, rooms: 0, bytes: 0 };
  return { journal: commits === undefined ? journal : new CountedJournal(journal, clock, commits, counts), counts };
}

class CountedJournal implements Journal {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #commits: Distribution;
  readonly #counts: JournalCounts;

  constructor(journal: Journal, clock: Clock, commits: Distribution, counts: JournalCounts) {
    this.#journal = journal;
    this.#clock = clock;
    this.#commits = commits;
    this.#counts = counts;
  }

  get id(): string {
    return this.#journal.id;
  }

  get boot(): number {
    return this.#journal.boot;
  }

  get isDurable(): boolean {
    return this.#journal.isDurable;
  }

  get clockMs(): number {
    return this.#journal.clockMs;
  }

  get damage(): Journal["damage"] {
    return this.#journal.damage;
  }

  load(): Iterable<StoredRoom> {
    return this.#journal.load();
  }

  commit(commit: Commit): void {
    const startMs = this.#clock.now();
    this.#journal.commit(commit);
    this.#commits.addMs(this.#clock.now() - startMs);
    this.#counts.rooms += commit.kept.length;
    for (const { value } of commit.kept) this.#counts.bytes += Buffer.byteLength(value);
  }

  close(): void {
    this.#journal.close();
  }
}
