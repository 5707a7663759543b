/** A seat at a table for as long as a component is there: the client library on one side, a `TableState` on the other. */
import { useEffect, useReducer, useRef } from "preact/hooks";
import { type ClientState, connect, isInRoom, type Room } from "#clients/client.ts";
import { gateUrl } from "#clients/web/shared/gate.ts";
import { dice } from "#protocol/dice.ts";
import type { Place } from "./address.ts";
import { type Identity, tokenGetter } from "./identity.ts";
import { keepLastTable, lastTable } from "./last_table.ts";
import { emptyTable, type TableState, type Told, tell } from "./table_state.ts";

export interface Table {
  readonly state: TableState;
  roll(): void;
  /** A watcher takes a seat. */
  takeSeat(): void;
  dismiss(): void;
}

interface TableOptions {
  readonly identity: Identity;
  readonly place: Place & { readonly table: string };
  /** Playing seats, as far as that is known. */
  readonly seats: number;
  /** He asked for this table, and was led to his seat at another one. */
  onLed(table: string): void;
}

const atFirst: ClientState = { is: "connecting", because: "start", attempt: 1, delayMs: 0, detail: "" };

export function useTable({ identity, place, seats, onLed }: TableOptions): Table {
  const [state, told] = useReducer(tell, emptyTable(atFirst));
  const room = useRef<Room<typeof dice> | undefined>(undefined);
  const seatsNow = useRef(seats);
  seatsNow.current = seats;
  useEffect(() => {
    const sat = sit({ identity, place, onLed, told, seats: () => seatsNow.current });
    room.current = sat.room;
    return sat.leave;
  }, [identity, place.table]);
  return {
    state,
    roll: () => {
      if (room.current?.send("shake") === "sent") told({ is: "rolling" });
    },
    takeSeat: () => room.current?.sit(-1),
    dismiss: () => told({ is: "message", text: "" }),
  };
}

interface Sit extends Pick<TableOptions, "identity" | "place" | "onLed"> {
  told(said: Told): void;
  seats(): number;
}

/** Sits down, and tells all that happens until `leave`. */
function sit({ identity, place, onLed, told, seats }: Sit): { room: Room<typeof dice>; leave(): void } {
  const now = (): number => performance.now();
  const client = connect({ url: gateUrl(), getToken: tokenGetter(identity) });
  const room = client.sit(dice, { room: place.table, ...(place.isWatching ? { watch: true } : {}) });
  let isHere = false;
  let isLed = false;
  client.on("state", (state) => {
    told({ is: "client", state, me: client.user });
    if (state.is === "seated") keepLastTable(client.user, place.table);
    if (state.is === "back" && !isHere) {
      const table = lastTable(client.user) ?? place.table;
      isLed = table !== place.table;
      if (isLed) onLed(table);
    }
    isHere ||= isInRoom(state);
    if (state.is === "back" && state.from !== "reconnect") room.sit(); // the table may have stood still: its scene has the time that is left
  });
  client.on("notices", (notices) => told({ is: "notices", notices }));
  client.on("notice", ({ reason, text }) => {
    if (reason === "message") told({ is: "message", text });
  });
  room.on("players", (players) => told({ is: "players", players, seats: seats() }));
  room.on("scene", (scene) => told({ is: "scene", scene, nowMs: now() }));
  room.on("start", ({ v }) => told({ is: "start", lengthMs: Number(v), nowMs: now() }));
  room.on("shaken", (shaken) => told({ is: "shaken", shaken }));
  room.on("settlement", (settlement) => told({ is: "settlement", settlement, nowMs: now() }));
  room.on("refused", (error) => told({ is: "refused", error }));
  const leave = (): void => {
    if (!isLed) room.leave(); // else it is the seat that he goes to
    void client.close();
  };
  return { room, leave };
}
