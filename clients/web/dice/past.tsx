/** The games that are over, newest first. */
import { winnersOf } from "./happenings.tsx";
import type { Settlement, TableState } from "./table_state.ts";
import { nameOf, useWords } from "./words.ts";

export function Past({ state: { settlements, me } }: { state: TableState }) {
  const words = useWords();
  return (
    <section class="panel" aria-labelledby="past">
      <h2 id="past">{words.history}</h2>
      {settlements.length === 0 && <p class="hint">{words.noHistory}</p>}
      <ol class="past">
        {settlements.slice(0, 6).map((settlement) => (
          <li key={settlement.number}>
            <Game settlement={settlement} me={me} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Game({ settlement: { number, winners, points }, me }: { settlement: Settlement; me: bigint }) {
  const words = useWords();
  const most = points.get(winners[0] ?? 0n) ?? 0;
  return (
    <>
      <p class="past-game">
        {words.game} {number}
      </p>
      <p>{winnersOf(words, me, { winners, points: most })}</p>
      <ul class="scores">
        {[...points].map(([user, own]) => (
          <li key={user} class={winners.includes(user) ? "won" : ""}>
            {nameOf(words, me, user)} <b>{own}</b>
          </li>
        ))}
      </ul>
    </>
  );
}
