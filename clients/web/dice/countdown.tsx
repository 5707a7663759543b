/** How long the game, or the pause after it, still lasts: a ring that closes, and the seconds in it. */
import { isInRoom } from "#clients/client.ts";
import { useNow } from "./now.ts";
import { hasRolled, type TableState } from "./table_state.ts";
import { useWords } from "./words.ts";

/** PROTOCOL §4: what a full ring stands for. */
const lengthMs = { playing: 30_000, idle: 5_000 } as const;
const soonMs = 10_000;

export function Countdown({ state }: { state: TableState }) {
  const { phase, switchesAtMs, client } = state;
  const words = useWords();
  const now = useNow();
  const stands = client.is === "paused" || !isInRoom(client);
  const leftMs = Math.max(0, switchesAtMs - now);
  const part = phase === undefined || stands ? 0 : Math.min(1, leftMs / lengthMs[phase]);
  const isSoon = phase === "playing" && !stands && leftMs < soonMs;
  return (
    <div class={isSoon ? "countdown soon" : "countdown"} role="timer">
      <svg viewBox="0 0 100 100" aria-hidden="true">
        <circle class="ring" cx="50" cy="50" r="44" />
        <circle class="ring-left" cx="50" cy="50" r="44" pathLength={100} stroke-dasharray={`${part * 100} 100`} />
      </svg>
      <span class="countdown-words">
        <span>{stands ? words.standsStill : phase === "idle" ? words.nextGameIn : words.gameEndsIn}</span>
        {!stands && phase !== undefined && <strong>{words.secondsLeft(Math.ceil(leftMs / 1000))}</strong>}
      </span>
      <span class="unseen" role="status">
        {isSoon && !hasRolled(state, state.me) && words.soon(soonMs / 1000)}
      </span>
    </div>
  );
}
