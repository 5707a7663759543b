/** What `GET /servers` says of a game server, of this release and of an older one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import { MemoryDirectory } from "#fleet/directory_memory.ts";
import { fixedFleet } from "#fleet/fleet.ts";
import type { Game } from "#game_server/game.ts";
import type { ServersView } from "#protocol/admin_views.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { SitDownRequestSchema, Command as System } from "#protocol/gen/frame_pb.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { readSettings } from "#runtime/settings.ts";
import { TakerAtHand } from "#tests/support/peer_at_hand.ts";
import { quiet } from "#tests/support/quiet_game.ts";
import { SmallHouse } from "#tests/support/small_house.ts";
import { Gate } from "./gate.ts";

const echo: Game<unknown> = { ...quiet, name: "echo", version: 3, upgrade: (state) => state };

const sitAt = (room: string): Frame => encode(System.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "echo", room_id: room } });
const stand = frame(System.STAND_UP);

async function ask(gate: Gate): Promise<ServersView> {
  const admin = Fastify();
  gate.addRoutes(admin);
  return (await admin.inject({ method: "GET", url: "/servers" })).json() as ServersView;
}

test("[rollout] a gate shows which states a game server reads and writes, and its rooms by their version, as they come and go", async () => {
  const house = await SmallHouse.open(echo);
  const lots = async () => {
    await house.pass(100); // a server says so at most every 100 ms
    return (await ask(house.gate)).servers[0]?.lots;
  };
  assert.deepEqual(await lots(), []);
  const players = [1, 2, 3].map((user) => house.player(user));
  for (const [at, player] of players.entries()) player.says(sitAt(at === 0 ? "1" : "2"));
  await house.settle();
  assert.deepEqual(await lots(), [{ game: "echo", version: 3, rooms: 2, users: 3 }]);
  players[0]?.says(stand);
  await house.settle();
  assert.deepEqual(await lots(), [{ game: "echo", version: 3, rooms: 1, users: 2 }]);
  const { journal, startedAtMs, ...view } = (await ask(house.gate)).servers[0] ?? {};
  assert.deepEqual(view, {
    ...{ address: "a", release: "dev", durable: true, parks: false, deals: [{ game: "echo", version: 3, upgrades: true }] },
    ...{ isLinked: true, isOffered: true, stage: "serving", drain: "wait", rooms: 1, users: 2 },
    ...{ lots: [{ game: "echo", version: 3, rooms: 1, users: 2 }], unreadable: [] },
  });
  assert.match(journal ?? "", /^[0-9a-f]{16}$/);
  assert.equal(typeof startedAtMs, "number");
  house.server.drain();
  await house.settle();
  const [draining] = (await ask(house.gate)).servers;
  assert.deepEqual([draining?.stage, draining?.isOffered], ["draining", false]);
});

test("[rollout] rooms that a release cannot read are shown with the version of their states, and those that wait for a lost server as held", async () => {
  const house = await SmallHouse.open({ ...echo, version: 4 });
  for (const user of [1, 2]) house.player(user).says(sitAt("1"));
  await house.settle();
  await house.kill();
  assert.equal((await ask(house.gate)).held, 1);
  house.restart(undefined, echo);
  await house.pass(3000);
  const { servers, held } = await ask(house.gate);
  assert.deepEqual([servers[0]?.lots, servers[0]?.unreadable], [[], [{ game: "echo", version: 4, rooms: 1, users: 2 }]]);
  assert.equal(held, 0, "whoever was there has been told");
});

test("[rollout] what a game server of an older release does not say is left out", async () => {
  const clock = new ManualClock();
  const directory = new MemoryDirectory(clock);
  const old = new TakerAtHand(clock, "echo");
  const gate = new Gate({
    ...{ clock, directory, kept: directory, settings: readSettings({}), entropy: systemEntropy, log: silentLog, port: 0 },
    fleet: fixedFleet(["echo"], ["old"]),
    dial: async () => old.dial(),
    openDoor: () => ({ listen: async () => 0, refuseNew: () => {}, acceptNew: () => {}, close: async () => {} }),
    onChange: () => {},
  });
  await gate.start();
  await gate.linked;
  old.say({ case: "status", value: { rooms: 7, users: 9, takesNewRooms: true } });
  await clock.advance(0);
  const { servers } = await ask(gate);
  assert.deepEqual(servers, [
    {
      ...{ address: "old", journal: "00000000000000bb", release: "dev", startedAtMs: 1, durable: true },
      ...{ isLinked: true, isOffered: true, rooms: 7, users: 9 },
    },
  ]);
  await gate.stop();
});
