/** The chairs around the felt, each with whoever sits there and his die. */
import { Cup, Die } from "./die.tsx";
import type { Chair } from "./seats.ts";
import { hasRolled, type TableState } from "./table_state.ts";
import { nameOf, useWords } from "./words.ts";

export function Chairs({ state, chairs }: { state: TableState; chairs: readonly Chair[] }) {
  return (
    <ol class="chairs">
      {chairs.map((chair) => (
        <ChairView key={chair.seat} state={state} chair={chair} />
      ))}
    </ol>
  );
}

function ChairView({ state, chair: { seat, player } }: { state: TableState; chair: Chair }) {
  const words = useWords();
  if (player === undefined) {
    return (
      <li class="chair free">
        <span class="spot" />
        <span class="seat-name">{words.seat(seat + 1)}</span>
        <span class="seat-state">{words.freeSeat}</span>
      </li>
    );
  }
  const { user, isOnline } = player;
  const isWinner = state.winners.includes(user);
  const classes = ["chair", user === state.me && "mine", isWinner && "winner", !isOnline && "away"].filter(Boolean).join(" ");
  return (
    <li class={classes}>
      <Spot state={state} user={user} />
      <span class="seat-name">
        <span class={`chip chip-${user % 8n}`} aria-hidden="true">
          {String(user)}
        </span>
        {nameOf(words, state.me, user)}
      </span>
      <span class="seat-state">
        {stateOf(state, user, words)}
        {!isOnline && ` · ${words.offline}`}
        {isWinner && <strong class="crown">{words.winner}</strong>}
      </span>
    </li>
  );
}

/** What lies before him: nothing, a cup over his die, or the die. */
function Spot({ state, user }: { state: TableState; user: bigint }) {
  const points = state.points.get(user);
  return (
    <span class="spot">
      {points === 0 && <Cup />}
      {points !== undefined && points > 0 && <Die points={points} isRolling={state.phase === "playing"} />}
    </span>
  );
}

function stateOf(state: TableState, user: bigint, words: ReturnType<typeof useWords>): string {
  const points = state.points.get(user);
  if (points !== undefined && points > 0) return words.points(points);
  if (hasRolled(state, user)) return words.rolledHidden;
  return state.phase === "playing" ? words.thinking : "";
}
