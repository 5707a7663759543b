/** The playground, in development: users side by side, in rooms of any game. */
import { useEffect, useRef, useState } from "preact/hooks";
import { defineGame } from "#protocol/game_protocol.ts";
import { type Games, restoreRooms, watchGames } from "./games.ts";
import { Player } from "./player.tsx";
import { PlayerAtGate, type Wish } from "./player_at_gate.ts";

export function Playground() {
  const [games, setGames] = useState<Games>();
  const [players, setPlayers] = useState<readonly PlayerAtGate[]>([]);
  const [said, setSaid] = useState("");
  const [, setChanges] = useState(0);
  /** As they were told last: frames that come later are read by these. */
  const known = useRef(games);
  known.current = games;
  useEffect(() => watchGames((now) => setGames((before) => now ?? before)), []);

  const add = (wish: Wish): void => {
    const { name } = wish.game;
    const player = new PlayerAtGate(
      wish,
      () => known.current?.get(name) ?? wish.game,
      () => setChanges((changes) => changes + 1),
    );
    setPlayers((before) => [...before, player]);
  };
  const close = (player: PlayerAtGate): void => {
    void player.close();
    setPlayers((before) => before.filter((other) => other !== player));
  };
  return (
    <main>
      <h1>Playground</h1>
      <SitForm
        games={games}
        taken={players.map(({ wish }) => Number(wish.user))}
        onSit={add}
        onRestore={(game) => void restoreRooms(game).then(setSaid)}
      />
      <p role="status">{said}</p>
      <div class="players">
        {players.map((player) => (
          <Player
            key={player.id}
            player={player}
            game={games?.get(player.wish.game.name) ?? player.wish.game}
            onClose={() => close(player)}
          />
        ))}
      </div>
    </main>
  );
}

interface SitFormProps {
  readonly games: Games;
  readonly taken: readonly number[];
  onSit(wish: Wish): void;
  onRestore(game: string): void;
}

function SitForm({ games, taken, onSit, onRestore }: SitFormProps) {
  const [name, setName] = useState("");
  const first = games?.keys().next().value ?? "";
  const chosen = name === "" ? first : name;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const text = (field: string): string => String(data.get(field) ?? "").trim();
    const game = games?.get(chosen) ?? defineGame({ name: chosen, commands: {}, events: {} });
    onSit({ user: text("user"), game, room: text("room"), watch: data.has("watch") });
  };
  return (
    <form class="sit" onSubmit={submit}>
      <label>
        user <input key={taken.join()} name="user" type="number" min="1" required defaultValue={String(Math.max(0, ...taken) + 1)} />
      </label>
      <label for="game">
        game <GameInput games={games} chosen={chosen} onChoose={setName} />
      </label>
      <label>
        room <input name="room" placeholder="any" pattern="[1-9][0-9]*" defaultValue="1" />
      </label>
      <label>
        <input name="watch" type="checkbox" /> watch
      </label>
      <button type="submit">sit down</button>
      <button
        type="button"
        title="There is nowhere to move to in one process. This does to each room of the game what a move or a restart does, in place."
        onClick={() => onRestore(chosen)}
      >
        restore its rooms in place
      </button>
    </form>
  );
}

function GameInput({ games, chosen, onChoose }: { games: Games; chosen: string; onChoose(name: string): void }) {
  const choose = (event: Event): void => onChoose((event.currentTarget as HTMLInputElement | HTMLSelectElement).value);
  if (games === undefined) return <input id="game" value={chosen} onInput={choose} placeholder="such as dice" required />;
  return (
    <select id="game" value={chosen} onChange={choose}>
      {[...games.keys()].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
