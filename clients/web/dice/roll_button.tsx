/** The one thing a player does. It stays where it is and keeps the focus, whether or not it can be pressed. */
import { isInRoom } from "#clients/client.ts";
import type { TableState } from "./table_state.ts";
import { useWords } from "./words.ts";

export function RollButton({ state, onRoll }: { state: TableState; onRoll(): void }) {
  const words = useWords();
  const mine = state.points.get(state.me);
  const canRoll = state.phase === "playing" && mine === undefined && isInRoom(state.client);
  return (
    <div class="actions">
      <button type="button" class="primary roll" aria-disabled={!canRoll} onClick={() => canRoll && onRoll()}>
        {labelOf()}
      </button>
    </div>
  );

  function labelOf(): string {
    if (state.phase === "idle") return words.waitForNext;
    return mine === undefined || mine === 0 ? words.roll : words.rolled(mine);
  }
}
