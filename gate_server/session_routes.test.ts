/** Who is kicked at a bad moment: while he enters, while his room is on its way, while nobody plays it; and who does not read what he is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import type { Game } from "#game_server/game.ts";
import type { SessionsPageView, SessionView } from "#protocol/admin_views.ts";
import { encode } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import type { FakePlayer } from "#tests/support/fake_player.ts";
import { openHouse } from "#tests/support/house.ts";
import { Player } from "#tests/support/player.ts";
import { quiet } from "#tests/support/quiet_game.ts";
import { TwoServers } from "#tests/support/two_servers.ts";

const sit = encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "quiet", room_id: "1" } });

interface Open {
  readonly servers: TwoServers;
  readonly player: FakePlayer;
  /** Users whom the game was asked about, each time. */
  readonly asked: number[];
  ask(method: "GET" | "POST", url: string, payload?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  sessions(): Promise<readonly SessionView[]>;
}

/** A gate, two game servers, and user 7 at the gate; whoever leaves is written down by the game. */
async function open(): Promise<Open> {
  const asked: number[] = [];
  const game: Game<unknown> = {
    ...quiet,
    open: (table) => {
      table.startTicker("stay", 3_600_000);
      return {};
    },
    leave: (_table, _state, { user }) => {
      asked.push(user);
      return true;
    },
  };
  const servers = await TwoServers.open(game);
  const admin = Fastify();
  servers.gate.addRoutes(admin);
  const ask: Open["ask"] = async (method, url, payload) => {
    const response = await admin.inject({ method, url, ...(payload && { payload }) });
    return { status: response.statusCode, body: response.json() };
  };
  const sessions: Open["sessions"] = async () => ((await ask("GET", "/sessions")).body as unknown as SessionsPageView).sessions;
  return { servers, player: servers.player(7), asked, ask, sessions };
}

/** Who plays room 1 when somebody has sat down there, and who does not. */
async function seated({ servers, player }: Open): Promise<{ from: "a" | "b"; to: "a" | "b" }> {
  player.says(sit);
  await servers.pass(1000);
  const [from] = servers.owners("1");
  assert.ok(from !== undefined);
  return { from, to: from === "a" ? "b" : "a" };
}

test("[admin][P4] who is kicked while he enters is let in first, and leaves; again changes nothing", async () => {
  const house = await open();
  const { servers, player, asked, ask, sessions } = house;
  servers.hold("gate>a", "gate>b");
  player.says(sit);
  await servers.settle();
  const [session] = await sessions();
  assert.deepEqual([session?.stage, session?.game], ["entering", undefined]);
  for (let time = 0; time < 3; time++) assert.equal((await ask("POST", `/sessions/${session?.id}/kick`)).status, 200);
  assert.deepEqual([asked, (await sessions()).length], [[], 1], "what becomes of him is not known yet");
  await servers.release("gate>a", "gate>b");
  await servers.pass(1000);
  assert.deepEqual([asked, await sessions()], [[7], []]);
  assert.equal((await ask("POST", `/sessions/${session?.id}/kick`)).status, 404);
});

test("[admin][P3][P5] who is kicked while his room is on its way leaves it once, where it has gone", async () => {
  const house = await open();
  const { servers, asked, ask, sessions } = house;
  const { from, to } = await seated(house);
  for (const place of [from, to] as const) {
    await servers.move(place); // there and back: the two are linked from now on
    await servers.pass(1000);
  }
  assert.deepEqual(servers.owners("1"), [from]);
  servers.hold(`${to}>${from}`);
  await servers.move(from);
  await servers.pass(500);
  assert.deepEqual((await ask("POST", "/users/7/kick")).body, { sessions: 1 });
  await servers.pass(500);
  assert.deepEqual([asked, (await sessions())[0]?.stage], [[], "leaving"], "nothing is applied while it is on its way");
  await servers.release(`${to}>${from}`);
  await servers.pass(3000);
  assert.deepEqual([servers.owners("1"), asked, await sessions()], [[to], [7], []]);
});

test("[admin][P3][P4] who is kicked while his room's server is away is told nothing any more, and leaves when it is back", async () => {
  const house = await open();
  const { servers, asked, ask, sessions, player } = house;
  const { from } = await seated(house);
  await servers.kill(from);
  await servers.pass(1000);
  const [session] = await sessions();
  assert.deepEqual([session?.stage, session?.room], ["seated", "1"], "held");
  assert.equal((await ask("POST", "/users/7/message", { text: "hold on" })).status, 200);
  assert.equal(player.hears().at(-1), "Notice 5/0 hold on");
  assert.equal((await ask("POST", `/sessions/${session?.id}/kick`)).status, 200);
  assert.equal((await sessions())[0]?.stage, "leaving");
  assert.equal((await ask("POST", "/users/7/message", { text: "too late" })).status, 404);
  assert.equal((await ask("POST", "/users/7/kick")).status, 404);
  assert.equal((await ask("POST", `/sessions/${session?.id}/kick`)).status, 200, "again changes nothing");
  await servers.restart(from);
  await servers.pass(3000);
  assert.deepEqual([asked, await sessions()], [[7], []]);
});

test("[admin][P7] who does not read what he is told is cut, and nothing is kept for him; others are told", async (t) => {
  const { port, gate } = await openHouse(t, { env: { QUEUE_BYTES: "1024" } });
  const admin = Fastify();
  gate.addRoutes(admin);
  const tell = async (user: number, text: string): Promise<number> =>
    (await admin.inject({ method: "POST", url: `/users/${user}/message`, payload: { text } })).statusCode;
  const [slow, other] = [await Player.connect(port, 1), await Player.connect(port, 2)];
  slow.socket.pause();
  let told = 0;
  while ((await tell(1, "谢".repeat(1000))) === 200) {
    told += 1;
    assert.ok(told < 10_000, "30 MB were taken for somebody who does not read");
  }
  assert.ok(told > 0);
  assert.equal(await tell(2, "still here"), 200);
  await other.hearUntil("Notice 5/0 still here");
});
