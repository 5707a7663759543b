/** `croupier rooms ls`: every room that a running game server plays, page by page. */
import type { RoomsPageView, RoomView } from "#game_server/room_routes.ts";
import { pageItemsMax } from "#runtime/page.ts";
import type { AdminClient } from "./admin.ts";
import { print } from "./say.ts";

export async function listRooms(admin: AdminClient, { json }: { json: boolean }): Promise<void> {
  let after = "";
  do {
    const { rooms, next = "" } = await admin.ask<RoomsPageView>("GET", `/rooms?limit=${pageItemsMax}${after}`);
    for (const room of rooms) print(json ? JSON.stringify(room) : lineOf(room));
    after = next === "" ? "" : `&after=${next}`;
  } while (after !== "");
}

function lineOf({ game, id, life, epoch, version, phase, seats, free, watchers, users }: RoomView): string {
  const taken = `${seats - free} of ${seats} seats, ${watchers} watchers, ${users} users`;
  return `${game}/${id} life ${life} epoch ${epoch} version ${version}, ${phase}, ${taken}`;
}
