/** Lists of as many rooms as a game server may have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import type { RoomsPageView, RoomView } from "#protocol/admin_views.ts";
import { encode } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { systemClock } from "#runtime/clock.ts";
import { hex64, systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { patience } from "#tests/faults/measure.ts";
import { FakeDisk } from "#tests/support/fake_disk.ts";
import { openHouse } from "#tests/support/house.ts";
import { TwoServers } from "#tests/support/two_servers.ts";
import type { Game } from "./game.ts";
import { GameServer } from "./game_server.ts";
import { games } from "./games.ts";
import type { RoomValue } from "./room_value.ts";
import { noWatchdog } from "./watchdog.ts";

const dice = games.find(({ name }) => name === "dice") as Game<unknown>;
const roomsCount = 50_000;
/** Far above what it takes, and far below what looking through all rooms at once for each page would. */
const standstillMsMax = 500 * patience;

/** A room of dice with one player, as it is written down. */
async function writtenRoom(): Promise<RoomValue> {
  const servers = await TwoServers.open(dice);
  servers.player(1).says(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: "1" } }));
  await servers.pass(1000);
  const value = servers.a.disk.written("1") ?? servers.b.disk.written("1");
  assert.ok(value !== undefined);
  return value;
}

/** Copies of it, in which user 1 sits at room 1, and so on; of the last `free` ones alone there are free seats. */
function diskOf(room: RoomValue, count: number, free = count): FakeDisk {
  const disk = new FakeDisk();
  const json = JSON.stringify(room);
  for (let at = 1; at <= count; at++) {
    const life = hex64(systemEntropy);
    const value = JSON.parse(json) as RoomValue;
    const seats = value.seats.map((seat) => ({ ...seat, user: at }));
    const playing = at > count - free ? value.playing : seats.length;
    disk.rooms.set(life, JSON.stringify({ ...value, life, room: `${at}`, seats, playing }));
  }
  return disk;
}

/** The longest time in which nothing else had its turn. */
function standstill(): { stop(): number } {
  let lastMs = performance.now();
  let longestMs = 0;
  let isOver = false;
  const look = (): void => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - lastMs);
    lastMs = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      isOver = true;
      return longestMs;
    },
  };
}

test("[admin][P7] 50 000 rooms are listed page by page, by any filter, and nothing waits long for it", async (t) => {
  const room = await writtenRoom();
  const disk = diskOf(room, roomsCount);
  const server = new GameServer({
    ...{ settings: readSettings({}), games, clock: systemClock, entropy: systemEntropy, log: silentLog },
    ...{ watchdog: noWatchdog, journal: disk.open(), drainLeftMs: () => undefined, onChange: () => {} },
  });
  server.restore();
  t.after(() => server.stop());
  const admin = Fastify();
  server.addRoutes(admin);
  await admin.ready();
  const get = async (path: string): Promise<RoomsPageView> => (await admin.inject({ method: "GET", url: path })).json();

  const walk = async (query: string): Promise<{ rooms: RoomView[]; longestMs: number; lengthMs: number }> => {
    const rooms: RoomView[] = [];
    const standing = standstill();
    const startMs = performance.now();
    for (let after: string | undefined = "0"; after !== undefined; ) {
      const page: RoomsPageView = await get(`/rooms?limit=1000&after=${after}${query}`);
      rooms.push(...page.rooms);
      after = page.next;
    }
    return { rooms, longestMs: standing.stop(), lengthMs: performance.now() - startMs };
  };
  for (const [query, count] of [
    ["", roomsCount],
    ["&phase=playing&free=true", roomsCount],
    ["&phase=idle", 0],
    ["&user=49999", 1],
  ] as const) {
    const { rooms, longestMs, lengthMs } = await walk(query);
    t.diagnostic(
      `${query || "all"}: ${rooms.length} rooms in ${lengthMs.toFixed(0)} ms, nothing else for ${longestMs.toFixed(1)} ms at most`,
    );
    assert.equal(new Set(rooms.map(({ id }) => id)).size, count, query);
    assert.ok(longestMs < standstillMsMax, `${query}: ${longestMs} ms`);
  }
});

test("[P7][PROTOCOL §6] GET /rooms where there are more than an answer has: those with free seats first, and no link is cut for it", async (t) => {
  const [count, free, most] = [2500, 3, 1000];
  const wordy: Game<unknown> = { ...dice, phase: () => "playing ".repeat(500) }; // of all rooms that would be more than a link takes
  const house = await openHouse(t, { games: [wordy], journal: diskOf(await writtenRoom(), count, free).open() });
  const ask = async () => (await fetch(`http://127.0.0.1:${house.port}/rooms?game=dice`)).json();
  const { rooms } = (await ask()) as { rooms: { id: string; free: number; phase: string }[] };
  assert.deepEqual([rooms.length, house.gate.ready], [most, "ok"]);
  assert.deepEqual(
    rooms.slice(0, free + 1).map((room) => [room.id, room.free]),
    [...["2498", "2499", "2500"].map((id) => [id, 3]), ["1", 0]],
  );
  assert.equal(rooms[0]?.phase, "playing ".repeat(8));
});
