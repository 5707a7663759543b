/** The games there are, as the gate's process tells of them in development; told anew, they may have changed. */
import { type GameDescription, readDescription } from "#protocol/game_description.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";

/** By name; undefined: this gate is told nothing of games. */
export type Games = ReadonlyMap<string, GameProtocol> | undefined;

const lookEveryMs = 2000;

/** Calls `onChange` at once, and whenever the games have changed, until the returned function is called. */
export function watchGames(onChange: (games: Games) => void): () => void {
  let known: string | undefined;
  const look = async (): Promise<void> => {
    const text = await readGames();
    if (text === known) return;
    known = text;
    onChange(text === "" ? undefined : readAll(text));
  };
  void look();
  const timer = setInterval(() => void look(), lookEveryMs);
  return () => clearInterval(timer);
}

/** "" when there is no such page, or nobody there; then what was known before stays in use. */
async function readGames(): Promise<string> {
  const response = await fetch("/dev/games").catch(() => undefined);
  return response?.ok ? response.text() : "";
}

function readAll(text: string): ReadonlyMap<string, GameProtocol> {
  const { games } = JSON.parse(text) as { games: GameDescription[] };
  return new Map(games.map((description) => [description.name, readDescription(description)]));
}

/** What came of restoring the rooms of a game in place, as a sentence. */
export async function restoreRooms(game: string): Promise<string> {
  const response = await fetch(`/dev/restore?game=${encodeURIComponent(game)}`, { method: "POST" }).catch(() => undefined);
  if (response === undefined) return "Not restored: nobody answers here.";
  if (!response.ok && response.status !== 409) return "This gate has game servers of their own: croupier rooms move moves a room.";
  const { rooms, error } = (await response.json()) as { rooms?: number; error?: string };
  return error === undefined ? `Restored in place: ${rooms} room${rooms === 1 ? "" : "s"} of ${game}.` : `Not restored: ${error}`;
}
