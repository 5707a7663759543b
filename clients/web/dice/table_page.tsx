/** A table: who sits there, the dice, the time that is left, what happens, and what the house says. */
import { useEffect, useState } from "preact/hooks";
import { isInRoom } from "#clients/client.ts";
import { fragmentOf, type Place } from "./address.ts";
import { Chairs } from "./chairs.tsx";
import { Countdown } from "./countdown.tsx";
import { Happenings } from "./happenings.tsx";
import { Heading } from "./heading.tsx";
import { HouseSays } from "./house_says.tsx";
import type { Identity } from "./identity.ts";
import { Past } from "./past.tsx";
import { RollButton } from "./roll_button.tsx";
import { useSeats } from "./rooms.ts";
import { type Seating, seatingOf } from "./seats.ts";
import type { TableState } from "./table_state.ts";
import { useTable } from "./use_table.ts";
import { nameOf, useWords } from "./words.ts";

interface TablePageProps {
  readonly identity: Identity;
  readonly place: Place & { readonly table: string };
  /** The token is none, or has expired. */
  onRefused(): void;
  onLeave(): void;
}

/** Sits down anew when asked to. */
export function TablePage(props: TablePageProps) {
  const [attempt, setAttempt] = useState(0);
  return <TableView key={attempt} {...props} onAgain={() => setAttempt(attempt + 1)} />;
}

function TableView({ identity, place, onRefused, onLeave, onAgain }: TablePageProps & { onAgain(): void }) {
  const words = useWords();
  const seats = useSeats(place.table);
  const { state, roll, takeSeat, dismiss } = useTable({ identity, place, seats, onLed: goPlaying });
  const seating = seatingOf(state, seats);
  const sitDown = (): void => {
    takeSeat();
    goPlaying(place.table); // so that he plays, also when he tries again
  };
  const isTokenBad = state.client.is === "connecting" && state.client.because === "no token" && identity.is === "token";
  useEffect(() => {
    if (isTokenBad) onRefused();
  }, [isTokenBad]);
  return (
    <main class="table-page">
      <div class="table-head">
        <Heading>{words.table(place.table)}</Heading>
        <button type="button" class="quiet" onClick={onLeave}>
          {words.backToLobby}
        </button>
      </div>
      <HouseSays state={state} onDismiss={dismiss} onAgain={onAgain} />
      <section class="felt" aria-label={words.seats}>
        <Chairs state={state} chairs={seating.chairs} />
        <Countdown state={state} />
      </section>
      <Actions state={state} seating={seating} onRoll={roll} onSeat={sitDown} />
      <div class="aside">
        <Happenings state={state} />
        <Past state={state} />
        <Watchers state={state} seating={seating} />
      </div>
    </main>
  );
}

/** The address says what is so already; unlike `history.replaceState`, the page hears of it. */
function goPlaying(table: string): void {
  location.replace(`#${fragmentOf({ table, isWatching: false })}`);
}

interface ActionsProps {
  readonly state: TableState;
  readonly seating: Seating;
  onRoll(): void;
  onSeat(): void;
}

function Actions({ state, seating: { chairs, watchers }, onRoll, onSeat }: ActionsProps) {
  const words = useWords();
  const isWatching = watchers.some(({ user }) => user === state.me);
  const hasFree = chairs.some(({ player }) => player === undefined);
  if (!isWatching) return <RollButton state={state} onRoll={onRoll} />;
  return (
    <div class="actions">
      <p>{words.youWatch}</p>
      {hasFree && isInRoom(state.client) && (
        <button type="button" class="primary" onClick={onSeat}>
          {words.takeSeat}
        </button>
      )}
    </div>
  );
}

function Watchers({ state: { me }, seating: { watchers } }: Pick<ActionsProps, "state" | "seating">) {
  const words = useWords();
  return (
    <section class="panel" aria-labelledby="watchers">
      <h2 id="watchers">{words.watchers}</h2>
      {watchers.length === 0 ? (
        <p class="hint">{words.nobodyWatches}</p>
      ) : (
        <ul class="names">
          {watchers.map(({ user }) => (
            <li key={user}>{nameOf(words, me, user)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
