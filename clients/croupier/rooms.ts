/** `croupier rooms`: what running game servers play, rooms that go to another one, and rooms that end. */
import type {
  DissolvedView,
  MovedView,
  RebalancedView,
  RebalanceView,
  RoomDetailView,
  RoomsPageView,
  RoomView,
  SeatView,
} from "#protocol/admin_views.ts";
import { visible } from "#runtime/log_readable.ts";
import { type AdminClient, patienceMs } from "./admin.ts";
import type { Admins } from "./admins.ts";
import type { Given } from "./command.ts";
import { confirm } from "./confirm.ts";
import type { FlagValues } from "./flags.ts";
import { list, readPages } from "./listing.ts";
import { meanwhile } from "./meanwhile.ts";
import { Progress } from "./progress.ts";
import { print } from "./say.ts";
import { type Columns, printTable } from "./table.ts";
import { counted, Trouble } from "./words.ts";

const columns: Columns<RoomView> = [
  ["ROOM", ({ game, id }) => `${game}/${id}`],
  ["LIFE", ({ life }) => life],
  ["EPOCH", ({ epoch }) => epoch],
  ["VERSION", ({ version }) => version],
  ["PHASE", ({ phase }) => phase],
  ["SEATS", ({ seats, free }) => `${seats - free}/${seats}`],
  ["WATCHERS", ({ watchers }) => watchers],
  ["USERS", ({ users }) => users],
];

const seatColumns: Columns<SeatView> = [
  ["SEAT", ({ seat }) => seat],
  ["USER", ({ user }) => user],
  ["STATE", stateOf],
  ["SESSION", ({ session }) => session],
];

/** `rooms ls` */
export async function listRooms(admins: Admins, flags: FlagValues): Promise<void> {
  await list(admins, columns, flags, (admin) =>
    readPages(flags, ["game", "phase", "user", "version", "free"], async (query) => {
      const { rooms, next } = await admin.ask<RoomsPageView>("GET", `/rooms?${query}`);
      return { items: rooms, next };
    }),
  );
}

/** `rooms show`: `operand` is a life, or a game and a room, here and below. */
export async function showRoom(admins: Admins, { operand, flags }: Given): Promise<void> {
  const { answer: room } = await admins.first((admin) => askRoom(admin, operand));
  if (flags.json) return print(JSON.stringify(room));
  printTable([room], columns);
  print("");
  printTable(room.seated, seatColumns);
  print("");
  for (const line of room.print.trimEnd().split("\n")) print(visible(line));
}

/** `rooms dissolve` */
export async function dissolveRoom(admins: Admins, { operand, flags }: Given): Promise<void> {
  const { admin, answer } = await admins.first((each) => askRoom(each, operand));
  const { game, id, life, users } = answer;
  await confirm(`dissolve ${game}/${id} (life ${life}), and send away ${counted(users, "user")}`, flags);
  const dissolved = await admin.ask<DissolvedView>("POST", `${pathOf(life)}/dissolve`);
  print(flags.json ? JSON.stringify(dissolved) : `${game}/${id} (life ${dissolved.life}) is dissolved`);
}

/** `rooms move` */
export async function moveRoom(admins: Admins, { operand, flags: { to, json } }: Given): Promise<void> {
  const query = to === undefined ? "" : `?to=${encodeURIComponent(to)}`;
  const { answer } = await admins.first((admin) =>
    admin.ask<MovedView>("POST", `${pathOf(operand)}/move${query}`, { timeoutMs: patienceMs }),
  );
  print(json ? JSON.stringify(answer) : `${operand} is at ${answer.to}`);
}

/** `rooms rebalance` */
export async function rebalance(admin: AdminClient, { json }: FlagValues): Promise<void> {
  const progress = new Progress();
  const work = admin.ask<RebalancedView>("POST", "/rebalance", { timeoutMs: patienceMs });
  const answer = await meanwhile(work, async () => {
    const state = await rebalanceOf(admin);
    if (!json && state?.isUnderWay) progress.show(`${counted(state.moved, "room")} moved, ${state.left} to go`);
  });
  progress.end();
  print(json ? JSON.stringify(answer) : `${counted(answer.moved, "room")} moved, ${answer.rooms} still here`);
}

/** Undefined: it does not say, now or at all. */
async function rebalanceOf(admin: AdminClient): Promise<RebalanceView | undefined> {
  try {
    return await admin.ask<RebalanceView>("GET", "/rebalance");
  } catch (thrown) {
    if (thrown instanceof Trouble) return undefined;
    throw thrown;
  }
}

/** Others see one who is absent as online. */
function stateOf({ online, absent }: SeatView): string {
  if (absent) return "absent";
  return online ? "online" : "offline";
}

function askRoom(admin: AdminClient, which: string): Promise<RoomDetailView> {
  return admin.ask("GET", pathOf(which));
}

function pathOf(which: string): string {
  return `/rooms/${which.split("/").map(encodeURIComponent).join("/")}`;
}
