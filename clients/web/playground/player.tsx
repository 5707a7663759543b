/** One user, beside the others: what he may do, and what came and went. */
import type { GameProtocol } from "#protocol/game_protocol.ts";
import { CommandForms } from "./command_form.tsx";
import type { Line, PlayerAtGate } from "./player_at_gate.ts";

interface PlayerProps {
  readonly player: PlayerAtGate;
  readonly game: GameProtocol;
  onClose(): void;
}

export function Player({ player, game, onClose }: PlayerProps) {
  const { user, room, watch } = player.wish;
  const title = `User ${user}`;
  return (
    <section class="player" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <p>
          {game.name}, {room === "" ? "any room" : `room ${room}`}
          {watch ? ", watching" : ""}: <output>{player.state.is}</output>
        </p>
      </header>
      <div class="actions">
        <button type="button" onClick={() => player.sitAgain()}>
          sit again
        </button>
        <button type="button" onClick={() => player.print()}>
          print
        </button>
        <button type="button" onClick={() => player.drop()}>
          drop the connection
        </button>
        <button type="button" onClick={onClose}>
          leave
        </button>
      </div>
      <CommandForms game={game} onSend={(command, body) => player.send(command, body)} />
      <ol class="lines" aria-label={`Frames of user ${user}`}>
        {player.lines.map((line) => (
          <FrameLine key={line.id} line={line} />
        ))}
      </ol>
    </section>
  );
}

const marks = { heard: "←", said: "→", state: "·" } as const;

function FrameLine({ line: { at, way, name, text } }: { line: Line }) {
  return (
    <li class={way}>
      <time>{at}</time> <span title={way}>{marks[way]}</span> <b>{name}</b> <code>{text}</code>
    </li>
  );
}
