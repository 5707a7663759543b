/** The rooms that game servers play, by what is searched for. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { AdminClient } from "#clients/croupier/admin.ts";
import type { RoomsPageView, RoomView } from "#protocol/admin_views.ts";
import { Field } from "./field.tsx";
import { gameServers } from "./fleet.ts";
import { ListView } from "./list_view.tsx";
import { dealsRooms, isThere, type Member } from "./member.ts";
import { type Pager, usePager } from "./pager.ts";
import { hrefOf } from "./route.ts";
import type { Columns } from "./table.tsx";

export function RoomsView({ members }: { members: readonly Member[] }): VNode {
  const [filters, setFilters] = useState("");
  const admins = members.filter((member) => isThere(member) && dealsRooms(member)).map(({ admin }) => admin);
  const pager = usePager<RoomView>(admins, filters, readRooms);
  const onOpen = (event: SubmitEvent): void => {
    event.preventDefault();
    const which = String(new FormData(event.currentTarget as HTMLFormElement).get("which") ?? "").trim();
    if (which !== "") location.hash = hrefOf({ at: "room", which });
  };
  return (
    <section aria-labelledby="rooms-title">
      <h2 id="rooms-title">Rooms</h2>
      <form class="row" onSubmit={onOpen}>
        <Field label="Room, or life" name="which" placeholder="dice/1" required />
        <button type="submit">Open it</button>
      </form>
      <ListView caption="Rooms" what="room" pager={pager} columns={columnsOf(members)} keyOf={({ life }) => life} onSearch={setFilters}>
        <Field label="Game" name="game" placeholder="dice" />
        <Field label="Phase" name="phase" placeholder="playing" />
        <Field label="User" name="user" inputMode="numeric" pattern="[1-9][0-9]{0,15}" />
        <label>
          <span>Seats</span>
          <select name="free">
            <option value="">all rooms</option>
            <option value="true">with a free seat</option>
            <option value="false">full</option>
          </select>
        </label>
      </ListView>
    </section>
  );
}

function columnsOf(members: readonly Member[]): Columns<Pager<RoomView>["items"][number]> {
  const names = new Map(gameServers(members).map(({ name, member }) => [member?.admin.url, name]));
  return [
    ["Room", ({ item: { game, id, life } }) => <a href={hrefOf({ at: "room", which: life })}>{`${game}/${id}`}</a>],
    ["At", ({ admin }) => names.get(admin.url) ?? admin.url],
    ["Phase", ({ item }) => item.phase],
    ["Seats", ({ item: { seats, free } }) => `${seats - free}/${seats}`],
    ["Watchers", ({ item }) => item.watchers],
    ["Users", ({ item }) => item.users],
    ["Epoch", ({ item }) => item.epoch],
    ["State version", ({ item }) => item.version],
    ["Life", ({ item }) => <code>{item.life}</code>],
  ];
}

async function readRooms(admin: AdminClient, query: string, signal: AbortSignal) {
  const { rooms, next } = await admin.ask<RoomsPageView>("GET", `/rooms?${query}`, { signal });
  return { items: rooms, next };
}
