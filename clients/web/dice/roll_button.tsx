/** The one thing a player does. It stays where it is and keeps the focus, whether or not it can be pressed. */
import { canRoll, type TableState } from "./table_state.ts";
import { useWords } from "./words.ts";

export function RollButton({ state, onRoll }: { state: TableState; onRoll(): void }) {
  const words = useWords();
  const mine = state.points.get(state.me);
  const can = canRoll(state);
  return (
    <div class="actions">
      <button type="button" class="primary roll" aria-disabled={!can} onClick={() => can && onRoll()}>
        {labelOf()}
      </button>
    </div>
  );

  function labelOf(): string {
    if (state.phase === "idle") return words.waitForNext;
    return mine === undefined || mine === 0 ? words.roll : words.rolled(mine);
  }
}
