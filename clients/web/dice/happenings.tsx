/** What the others do, as it happens; a screen reader reads it out. */
import type { Catalogue } from "./catalogue.ts";
import type { Happening, TableState } from "./table_state.ts";
import { nameOf, useWords } from "./words.ts";

const shownMax = 7;

export function Happenings({ state }: { state: TableState }) {
  const words = useWords();
  return (
    <section class="panel" aria-labelledby="happenings">
      <h2 id="happenings">{words.whatHappens}</h2>
      <div class="log" role="log" aria-labelledby="happenings">
        {state.happenings.slice(-shownMax).map((happening) => (
          <p key={happening.at} class={happening.is}>
            {sentenceOf(words, state.me, happening)}
          </p>
        ))}
      </div>
    </section>
  );
}

function sentenceOf(words: Catalogue, me: bigint, happening: Happening): string {
  switch (happening.is) {
    case "points":
      return words.rolled(happening.points);
    case "settlement":
      return winnersOf(words, me, happening);
    case "refused":
      return words.saidRefused(happening.error);
    default:
      return "user" in happening ? said(words, happening.is)(nameOf(words, me, happening.user)) : plain(words, happening.is);
  }
}

function said(words: Catalogue, is: "sat" | "watches" | "left" | "offline" | "back" | "rolled"): (name: string) => string {
  return {
    sat: words.saidSat,
    watches: words.saidWatches,
    left: words.saidLeft,
    offline: words.saidOffline,
    back: words.saidBack,
    rolled: words.saidRolled,
  }[is];
}

function plain(words: Catalogue, is: "start" | "paused" | "resumed" | "moved" | "reconnected"): string {
  return {
    start: words.saidStart,
    paused: words.saidPaused,
    resumed: words.saidResumed,
    moved: words.saidMoved,
    reconnected: words.saidReconnected,
  }[is];
}

export function winnersOf(words: Catalogue, me: bigint, { winners, points }: { winners: readonly bigint[]; points: number }): string {
  const names = winners.map((user) => nameOf(words, me, user));
  return names.length === 0 ? words.nobodyRolled : words.saidWinners(names, points);
}
