/** `croupier rooms`: what a running game server plays, and rooms that go to another one. */
import type { MovedView, RebalancedView, RoomsPageView, RoomView } from "#game_server/room_routes.ts";
import { pageItemsMax } from "#runtime/page.ts";
import { type AdminClient, patienceMs } from "./admin.ts";
import { print } from "./say.ts";

/** `rooms ls`, page by page. */
export async function listRooms(admin: AdminClient, { json }: { json: boolean }): Promise<void> {
  let after = "";
  do {
    const { rooms, next = "" } = await admin.ask<RoomsPageView>("GET", `/rooms?limit=${pageItemsMax}${after}`);
    for (const room of rooms) print(json ? JSON.stringify(room) : lineOf(room));
    after = next === "" ? "" : `&after=${next}`;
  } while (after !== "");
}

/** `rooms move`: `operand` is a life, or a game and a room. */
export async function moveRoom(admin: AdminClient, { operand, to }: { operand: string; to: string | undefined }): Promise<void> {
  const path = operand.split("/").map(encodeURIComponent).join("/");
  const query = to === undefined ? "" : `?to=${encodeURIComponent(to)}`;
  const moved = await admin.ask<MovedView>("POST", `/rooms/${path}/move${query}`, { timeoutMs: patienceMs });
  print(`${operand} is at ${moved.to}`);
}

/** `rooms rebalance` */
export async function rebalance(admin: AdminClient): Promise<void> {
  const { moved, rooms } = await admin.ask<RebalancedView>("POST", "/rebalance", { timeoutMs: patienceMs });
  print(`${moved} rooms moved, ${rooms} are still here`);
}

function lineOf({ game, id, life, epoch, version, phase, seats, free, watchers, users }: RoomView): string {
  const taken = `${seats - free} of ${seats} seats, ${watchers} watchers, ${users} users`;
  return `${game}/${id} life ${life} epoch ${epoch} version ${version}, ${phase}, ${taken}`;
}
