/** A seat at a table for as long as a component is there: the client library on one side, a `TableState` on the other. */
import { useEffect, useReducer, useRef } from "preact/hooks";
import { type ClientState, connect, isInRoom, type Room } from "#clients/client.ts";
import { gateUrl } from "#clients/web/shared/gate.ts";
import { dice } from "#protocol/dice.ts";
import type { Place } from "./address.ts";
import { type Identity, tokenGetter } from "./identity.ts";
import { forgetLastTable, keepEveryMs, keepLastTable, lastTable } from "./last_table.ts";
import { emptyTable, keepsSeat, type TableState, type Told, tell } from "./table_state.ts";

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
  const latest = useRef({ state, seats });
  latest.current = { state, seats };
  useEffect(() => {
    const sat = sit({ identity, place, onLed, told, latest: () => latest.current });
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
  latest(): { readonly state: TableState; readonly seats: number };
}

/** Sits down, and tells all that happens until `leave`. */
function sit({ identity, place, onLed, told, latest }: Sit): { room: Room<typeof dice>; leave(): void } {
  const now = (): number => performance.now();
  const client = connect({ url: gateUrl(), getToken: tokenGetter(identity) });
  const room = client.sit(dice, { room: place.table, ...(place.isWatching ? { watch: true } : {}) });
  let isHere = false;
  /** Where he sits; undefined: this browser does not know. */
  let table: string | undefined;
  const isLed = (): boolean => table !== undefined && table !== place.table;
  const keep = (): void => {
    if (table !== undefined && isInRoom(client.state)) keepLastTable(client.user, table);
  };
  const keeping = setInterval(keep, keepEveryMs);
  const locate = (state: ClientState): void => {
    if (state.is === "seated") table = place.table;
    if (state.is !== "back" || isHere) return;
    table = lastTable(client.user);
    if (table !== undefined && isLed()) onLed(table);
  };
  client.on("state", (state) => {
    told({ is: "client", state, me: client.user });
    locate(state);
    isHere ||= isInRoom(state);
    keep();
    if (isSeatOver(state)) forgetLastTable(client.user);
    if (state.is === "back" && state.from !== "reconnect") room.sit(); // the table may have stood still: its scene has the time that is left
  });
  client.on("notices", (notices) => told({ is: "notices", notices }));
  client.on("notice", ({ reason, text }) => {
    if (reason === "message") told({ is: "message", text });
  });
  room.on("players", (players) => told({ is: "players", players, seats: latest().seats }));
  room.on("scene", (scene) => told({ is: "scene", scene, nowMs: now() }));
  room.on("start", ({ v }) => told({ is: "start", lengthMs: Number(v), nowMs: now() }));
  room.on("shaken", (shaken) => told({ is: "shaken", shaken }));
  room.on("settlement", (settlement) => told({ is: "settlement", settlement, nowMs: now() }));
  room.on("refused", (error) => told({ is: "refused", error }));
  const standUp = (): void => {
    if (isInRoom(client.state) && !keepsSeat(latest().state)) forgetLastTable(client.user);
    room.leave();
  };
  const leave = (): void => {
    clearInterval(keeping);
    keep();
    if (!isLed()) standUp(); // else it is the seat that he goes to
    void client.close();
  };
  return { room, leave };
}

/** Nobody is led back to it. Whoever was replaced has it in another window. */
function isSeatOver(state: ClientState): boolean {
  return state.is === "outside" && (state.because === "room over" || state.because === "stood up");
}
