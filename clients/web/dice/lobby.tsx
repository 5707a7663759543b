/** The lobby: the open tables, and how to get to one. */
import { fragmentOf, isTable } from "./address.ts";
import { Heading } from "./heading.tsx";
import { bestTable, freshTable, type OpenRoom, useRooms } from "./rooms.ts";
import { useWords } from "./words.ts";

const askEveryMs = 2000;

export function Lobby() {
  const words = useWords();
  const rooms = useRooms(askEveryMs);
  const open = rooms.is === "there" ? rooms.rooms : [];
  const formOnSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const table = String(new FormData(event.currentTarget as HTMLFormElement).get("table"));
    location.hash = fragmentOf({ table, isWatching: false });
  };
  const tableOnInput = ({ currentTarget: input }: { currentTarget: HTMLInputElement }): void =>
    input.setCustomValidity(input.value === "" || isTable(input.value) ? "" : words.notATable);
  return (
    <main class="wide">
      <section class="hero">
        <div>
          <Heading>{words.lobby}</Heading>
          <p class="hint">{words.tagline}</p>
        </div>
        <div class="row">
          <a class="button primary" href={`#${fragmentOf({ table: bestTable(open), isWatching: false })}`}>
            {words.playNow}
          </a>
          <a class="button" href={`#${fragmentOf({ table: freshTable(open), isWatching: false })}`}>
            {words.newTable}
          </a>
        </div>
      </section>
      <section aria-labelledby="open-tables">
        <h2 id="open-tables">{words.openTables}</h2>
        {rooms.is === "asking" && <p role="status">{words.looking}</p>}
        {rooms.is === "away" && (
          <p class="banner warning" role="alert">
            {words.lobbyAway}
          </p>
        )}
        {rooms.is === "there" && open.length === 0 && <p class="empty">{words.noTables}</p>}
        <ul class="rooms">
          {open.map((room) => (
            <RoomCard key={room.id} room={room} />
          ))}
        </ul>
      </section>
      <section class="panel" aria-labelledby="go-to-table">
        <h2 id="go-to-table">{words.goToTable}</h2>
        <form class="row" onSubmit={formOnSubmit}>
          <label>
            {words.tableNumber}
            <input name="table" inputMode="numeric" maxLength={19} required autoComplete="off" onInput={tableOnInput} />
          </label>
          <button type="submit">{words.go}</button>
        </form>
      </section>
    </main>
  );
}

function RoomCard({ room: { id, seats, free, watchers, phase } }: { room: OpenRoom }) {
  const words = useWords();
  const taken = seats - free;
  return (
    <li class="room">
      <div class="felt small" aria-hidden="true">
        {Array.from({ length: Math.min(seats, 12) }, (_, seat) => (
          <span key={seat} class={seat < taken ? "dot taken" : "dot"} />
        ))}
      </div>
      <div class="room-about">
        <h3>{words.table(id)}</h3>
        <p>
          {words.seatsTaken(taken, seats)}
          {watchers > 0 && ` · ${words.watching(watchers)}`}
        </p>
        <p class="hint">{phase === "playing" ? words.playing : words.idle}</p>
      </div>
      <div class="row">
        {free > 0 && (
          <a class="button primary" href={`#${fragmentOf({ table: id, isWatching: false })}`} aria-label={words.sitDownAt(id)}>
            {words.sitDown}
          </a>
        )}
        <a class="button" href={`#${fragmentOf({ table: id, isWatching: true })}`} aria-label={words.watchAt(id)}>
          {words.watch}
        </a>
      </div>
    </li>
  );
}
