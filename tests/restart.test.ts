/**
 * A game server that dies and comes back on its journal (P2, P3, P4, F1): real processes that are killed, the same folder,
 * the same port; and releases that follow each other on one journal.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pass } from "node:timers/promises";
import type { Game, Table } from "#game_server/game.ts";
import { dice } from "#game_server/games/dice/dice.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { printFrame } from "#protocol/system_frames.ts";
import { dataFolder, storedRows } from "./support/data_folder.ts";
import { frame, Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { Releases } from "./support/releases.ts";
import { says } from "./support/said.ts";

const [held, resumed] = ["Notice 3/0", "Notice 4/0"];
const rolledAlready = "Error 10001 already shaken the dice";

/** kill -9, and nothing of the process is left. */
async function kill(server: Server): Promise<void> {
  server.signal("SIGKILL");
  await server.exited;
}

/** Players who sit at room `room`, one after the other, and have heard of each other. */
async function seated(port: number, users: readonly number[], room = "1"): Promise<Player[]> {
  const players: Player[] = [];
  for (const user of users) {
    const player = await Player.seated(port, user, { room_id: room });
    await player.hearUntil("Scene");
    for (const other of players) await other.hearUntil(`SitDown ${user}@`);
    players.push(player);
  }
  return players;
}

/** Everything heard until an answer to what nobody else answers. */
async function settled(player: Player): Promise<string[]> {
  player.send(frame(99));
  return (await player.hearUntil("Error 101")).slice(0, -1);
}

/** Milliseconds until the game's timer is due, as Print shows them. */
async function left(player: Player): Promise<number> {
  player.send(frame(Command.PRINT));
  const [print = ""] = (await player.hearUntil("Print")).slice(-1);
  return Number(/left (\d+) ms/.exec(print)?.[1]);
}

/** The first line that says this, and when it was heard. */
async function heardAt(player: Player, line: string): Promise<number> {
  await player.hearUntil(line);
  return performance.now();
}

/** Which start of which journal the gate is linked to. */
async function linkedTo(gate: Server): Promise<[journal: string, boot: number]> {
  const [, journal = "", boot] = /"link.peer":"([0-9a-f]+)\/(\d+) /.exec(await gate.logged("link up")) ?? [];
  return [journal, Number(boot)];
}

// Single mode.

test("[P2][P4] single mode, killed and started again: seats, points and timers are kept, and the game goes on", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", env);
  const [roller, idler] = (await seated(first.port, [1, 2])) as [Player, Player];
  const watcher = await Player.seated(first.port, 3, { watch: "true" });
  await watcher.hearUntil("Scene");
  roller.shake(6);
  await Promise.all([roller, idler, watcher].map((player) => player.hearUntil("Shake 1")));
  const beforeMs = await left(idler);
  const printedMs = performance.now();
  await pass(2_500); // nothing happens in the room: the clock alone is written down
  const playedMs = performance.now() - printedMs;
  await kill(first);
  assert.ok(!first.lines.some(says("restore all")), "there was nothing to restore");

  const second = await Server.start(t, "single.ts", env);
  const restore = JSON.parse(await second.logged("restore all")) as Record<string, unknown>;
  assert.equal(restore["rooms"], 1);
  assert.match(String(restore["message"]), /0 unreadable/);
  const [[journal, boot], [journalBefore, bootBefore]] = [await linkedTo(second), await linkedTo(first)];
  assert.deepEqual([journal, boot], [journalBefore, bootBefore + 1]);

  const back = await Player.seated(second.port, 1, { room_id: "999" });
  assert.deepEqual(await back.hear(2), ["Online 1", 'Scene playing {"1":6}'], "his room, his seat, his points");
  const afterMs = await left(back);
  const wallMs = performance.now() - printedMs;
  assert.ok(afterMs <= beforeMs - playedMs + 1_300, `${afterMs} ms left, ${beforeMs} before ${playedMs} ms of play`);
  assert.ok(afterMs >= beforeMs - wallMs - 10, `${afterMs} ms left, ${beforeMs} before ${wallMs} ms in all`);
  t.diagnostic(`the restart gave the timer ${Math.round(afterMs - (beforeMs - wallMs))} ms back`);

  const other = await Player.seated(second.port, 2);
  assert.deepEqual(await other.hear(2), ["Online 2", 'Scene playing {"1":0}']);
  const stranger = await Player.seated(second.port, 4);
  assert.deepEqual(await stranger.hear(5), ["SitDown 1@0", "SitDown 2@1", "SitDown 3@4", "SitDown 4@2", 'Scene playing {"1":0}']);
  other.shake(2);
  stranger.shake(1);
  assert.deepEqual((await back.hearUntil("Settlement")).at(-1), 'Settlement [1] {"1":6,"2":2,"4":1}');
});

test("[P2] what a client has heard is kept, however soon the process is killed", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  for (let face = 1; face <= 3; face++) {
    const server = await Server.start(t, "single.ts", env);
    const player = await Player.seated(server.port, face, { room_id: String(face) });
    await player.hearUntil("Scene");
    player.shake(face);
    await player.hearUntil("Shake");
    await kill(server);
  }
  const server = await Server.start(t, "single.ts", env);
  for (let face = 1; face <= 3; face++) {
    const player = await Player.seated(server.port, face);
    assert.deepEqual(await player.hear(2), [`Online ${face}`, `Scene playing {"${face}":${face}}`]);
  }
});

/** A single server whose one room, at dice, was dissolved by two signals; gives its environment. */
async function dissolved(t: TestContext): Promise<{ DATA_DIR: string }> {
  const env = { DATA_DIR: dataFolder(t) };
  const server = await Server.start(t, "single.ts", { ...env, DRAIN: "wait" });
  const [player] = (await seated(server.port, [1])) as [Player];
  player.shake(6);
  await player.hearUntil("Shake");
  server.signal("SIGTERM");
  await player.hearUntil("Notice");
  server.signal("SIGTERM");
  await player.hearUntil("Disconnect 1");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  return env;
}

test("[P6] single mode, ended by two signals: rooms are dissolved, and no player finds anything of them", async (t) => {
  const again = await Server.start(t, "single.ts", await dissolved(t));
  assert.equal((JSON.parse(await again.logged("restore all")) as Record<string, unknown>)["rooms"], 0);
  const player = await Player.seated(again.port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[P6] single mode, ended by two signals: the journal is empty", async (t) => {
  assert.equal(storedRows((await dissolved(t)).DATA_DIR).length, 0);
});

test("[P6] single mode, killed, started again and ended by two signals: what it still says to players of before keeps it from nothing", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", env);
  await seated(first.port, [1, 2]);
  await kill(first);
  const second = await Server.start(t, "single.ts", { ...env, DRAIN: "wait" });
  await (await Player.seated(second.port, 1)).hear(2);
  second.signal("SIGTERM");
  await second.logged("drain start");
  second.signal("SIGTERM");
  assert.deepEqual(await second.exited, { code: 0, signal: null });
});

test("[release][P6] a room that is over waits for its gate, is not unreadable, and keeps no name", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const { gate, servers } = await fleet(t, { env });
  const [server] = servers as [Server];
  await seated(gate.port, [1]);
  await kill(gate);
  await server.logged("link down");
  server.signal("SIGTERM");
  await server.logged("drain start");
  server.signal("SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.equal(storedRows(env.DATA_DIR).length, 1);
  const other = await Server.start(t, "game_server/main.ts", { ...env, GAMES: "rocket" });
  const [, count] = /^croupier_rooms_unreadable\{.*\} (\d+)$/m.exec((await other.admin("/metrics")).body) ?? [];
  assert.equal(count, "0");
});

// A static fleet: the gate keeps the sockets.

interface Fleet {
  readonly gate: Server;
  readonly servers: Server[];
  /** Starts a server again, on its port and its folder. */
  restart(at?: number, more?: Record<string, string>): Promise<void>;
}

async function fleet(
  t: TestContext,
  { servers: count = 1, env = {} }: { servers?: number; env?: Record<string, string> } = {},
): Promise<Fleet> {
  const folders = Array.from({ length: count }, () => dataFolder(t));
  const start = (at: number, more: Record<string, string> = {}): Promise<Server> =>
    Server.start(t, "game_server/main.ts", { DATA_DIR: folders[at] ?? "", ...env, ...more });
  const servers = await Promise.all(folders.map((_, at) => start(at)));
  const addresses = servers.map(({ port }) => `dice=127.0.0.1:${port}`).join(",");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: addresses, ...env });
  const restart = async (at = 0, more: Record<string, string> = {}): Promise<void> => {
    servers[at] = await start(at, { PORT: String(servers[at]?.port), ...more });
  };
  return { gate, servers, restart };
}

test("[F1][P3][P4] a game server killed mid-game: sockets stay, inputs of the gap are applied once, nobody is told but by a notice", async (t) => {
  const { gate, servers, restart } = await fleet(t);
  const players = (await seated(gate.port, [1, 2, 3, 4])) as [Player, Player, Player, Player];
  const [one, two, three, four] = players;
  one.shake(6);
  await Promise.all(players.map((player) => player.hearUntil("Shake 1")));
  const killedMs = performance.now();
  await kill(servers[0] as Server);
  for (const player of players) assert.deepEqual(await player.hear(), [held]);
  for (let i = 0; i < 3; i++) {
    two.shake(3);
    three.shake(2);
  }
  await restart();
  const startedMs = performance.now();
  const resumedMs = Math.max(...(await Promise.all(players.map((player) => heardAt(player, resumed)))));
  t.diagnostic(`pause ${Math.round(resumedMs - killedMs)} ms, of which after the server was ready ${Math.round(resumedMs - startedMs)} ms`);

  const lines = await Promise.all(players.map(settled));
  assert.deepEqual(
    lines.map((heard) => heard.toSorted()),
    [
      ["Shake 2", "Shake 3"],
      [rolledAlready, rolledAlready, "Shake 2 3", "Shake 3"],
      [rolledAlready, rolledAlready, "Shake 2", "Shake 3 2"],
      ["Shake 2", "Shake 3"],
    ],
    "no SitDown, no Online, no StandUp, nothing twice",
  );
  assert.deepEqual(
    lines[1]?.filter((line) => line !== "Shake 3"),
    ["Shake 2 3", rolledAlready, rolledAlready],
    "in order",
  );
  four.shake(1);
  for (const player of players) assert.equal((await player.hearUntil("Settlement")).at(-1), 'Settlement [1] {"1":6,"2":3,"3":2,"4":1}');
  assert.ok(!(servers[0] as Server).lines.some((line) => line.includes("inputs forgotten")));
});

test("[F1][P3] inputs under way when the server is killed, thrice: each is answered, once", async (t) => {
  const { gate, servers, restart } = await fleet(t);
  const players = await seated(gate.port, [1, 2, 3]);
  const shakeAll = (times: number): void => {
    for (let i = 0; i < times; i++) for (const player of players) if (player.user !== 3) player.shake(player.user);
  };
  const answers: Record<number, string[]> = { 1: [], 2: [], 3: [] };
  for (let round = 0; round < 3; round++) {
    shakeAll(10);
    if (round > 0) await players[0]?.hear().then((lines) => answers[1]?.push(...lines)); // some are answered
    servers[0]?.signal("SIGKILL");
    shakeAll(10);
    for (const player of players) answers[player.user]?.push(...(await player.hearUntil(held)));
    shakeAll(10);
    await restart();
    for (const player of players) answers[player.user]?.push(...(await player.hearUntil(resumed)));
  }
  for (const player of players) answers[player.user]?.push(...(await settled(player)));
  const counted = players.map(({ user }) => {
    const heard = (start: string): number => answers[user]?.filter((line) => line.startsWith(start)).length ?? 0;
    return {
      own: heard(`Shake ${user} `),
      others: heard("Shake") - heard(`Shake ${user} `),
      refused: heard("Error"),
      notices: heard("Notice"),
    };
  });
  assert.deepEqual(counted, [
    { own: 1, others: 1, refused: 89, notices: 6 },
    { own: 1, others: 1, refused: 89, notices: 6 },
    { own: 0, others: 2, refused: 0, notices: 6 },
  ]);
  assert.deepEqual([...new Set(Object.values(answers).flat())].toSorted(), [
    rolledAlready,
    held,
    resumed,
    "Shake 1",
    "Shake 1 1",
    "Shake 2",
    "Shake 2 2",
  ]);
});

test("[P4][P8] HOLD over and the server is not back: Disconnect 0, a sit says try again, and the seat is there when the server is", async (t) => {
  const { gate, servers, restart } = await fleet(t, { env: { HOLD: "2s" } });
  const [player] = (await seated(gate.port, [1])) as [Player];
  player.shake(6);
  await player.hearUntil("Shake");
  await kill(servers[0] as Server);
  const heldMs = await heardAt(player, held);
  const endedMs = await heardAt(player, "Disconnect 0");
  assert.ok(endedMs - heldMs > 1_900 && endedMs - heldMs < 3_500, `${endedMs - heldMs} ms`);
  player.sit();
  assert.deepEqual(await player.hear(), ["Error 114 try again"]);
  await restart();
  await gate.logged("link up");
  player.sit({ room_id: "5" });
  assert.deepEqual(await player.hear(2), ["Online 1", 'Scene playing {"1":6}']);
});

/** Two game servers: user 1 sits in room 1 of one, user 2 in room 2 of the other. */
async function twoRooms(t: TestContext) {
  const { gate, servers, restart } = await fleet(t, { servers: 2 });
  const [one] = (await seated(gate.port, [1], "1")) as [Player];
  const [two] = (await seated(gate.port, [2], "2")) as [Player];
  const opened = await Promise.all(servers.map((server) => server.logged("room open")));
  const [ofOne, ofTwo] = ["1", "2"].map((room) => opened.findIndex((line) => line.includes(`"room.id":"${room}"`))) as [number, number];
  assert.deepEqual([ofOne, ofTwo].toSorted(), [0, 1], "one room each");
  return { gate, servers, restart, one, two, ofOne };
}

test("[P4][P10] two game servers, one killed: the other's rooms play on undisturbed, and take what is new", async (t) => {
  const { gate, servers, restart, one, two, ofOne: dead } = await twoRooms(t);
  await kill(servers[dead] as Server);
  assert.deepEqual(await one.hear(), [held]);

  two.shake(4);
  assert.deepEqual(await two.hear(), ["Shake 2 4"]);
  const three = await Player.seated(gate.port, 3, { room_id: "2" });
  assert.deepEqual(await three.hear(3), ["SitDown 2@0", "SitDown 3@1", 'Scene playing {"2":0}']);
  const four = await Player.seated(gate.port, 4, { room_id: "3" });
  assert.deepEqual(await four.hear(2), ["SitDown 4@0", "Scene playing {}"]);

  await restart(dead);
  assert.deepEqual(await one.hear(), [resumed]);
  one.shake(6);
  assert.deepEqual(await one.hear(), ["Shake 1 6"]);
  assert.deepEqual([await settled(two), await settled(three)], [["SitDown 3@1"], []]);
});

test("[P1][P8] the name of a room whose server is dead is given to no other server's room", async (t) => {
  const { gate, servers, restart, one, ofOne } = await twoRooms(t);
  await kill(servers[ofOne] as Server);
  await one.hearUntil(held);
  const three = await Player.seated(gate.port, 3);
  assert.deepEqual(await three.hear(), ["Error 114 try again"]);
  await restart(ofOne);
  three.sit();
  assert.deepEqual(await three.hear(3), ["SitDown 1@0", "SitDown 3@1", "Scene playing {}"]);
  assert.deepEqual(await one.hear(2), [resumed, "SitDown 3@1"]);
});

test("[P1][release] the name of a room that its server cannot read is given to no other server's room", async (t) => {
  const { gate, servers, restart, one, two, ofOne } = await twoRooms(t);
  await kill(servers[ofOne] as Server);
  await restart(ofOne, { GAMES: "rocket" });
  assert.deepEqual(await one.hear(2), [held, "Disconnect 0"]);
  one.sit();
  assert.match((await one.hear())[0] ?? "", /^Error/);
  const three = await Player.seated(gate.port, 3);
  assert.match((await three.hear())[0] ?? "", /^Error/);
  assert.deepEqual(await settled(two), []);
});

// Releases that follow each other. Version 1 of the counter keeps a count, version 2 keeps a total.

const add = frame(101);

function counter<State>(
  version: number,
  {
    open,
    add: grow,
    total,
    ...more
  }: {
    open: () => State;
    add: (state: State) => void;
    total: (state: State) => number;
    upgrade?: (state: unknown, from: number) => State;
  },
): Game<State> {
  const said = (state: State) => printFrame(`v${version} ${total(state)}`);
  return {
    name: "counter",
    version,
    seats: 3,
    open: (table: Table) => {
      table.startTimer("keep", 3_600_000);
      return open();
    },
    arrive: (table, state, { user }) => table.send(user, said(state)),
    leave: () => false,
    message: (table, state) => {
      grow(state);
      table.sendAll(said(state));
    },
    timer: () => {},
    dissolve: () => {},
    phase: () => "open",
    print: () => "",
    ...more,
  };
}

interface Counted {
  count: number;
}

interface Totalled {
  total: number;
}

const counter1 = counter<Counted>(1, {
  open: () => ({ count: 0 }),
  add: (state) => {
    state.count += 1;
  },
  total: ({ count }) => count,
});

function counter2(upgrade?: (state: unknown, from: number) => Totalled): Game<Totalled> {
  const open = (): Totalled => ({ total: 0 });
  const grow = (state: Totalled): void => {
    state.total += 1;
  };
  return counter<Totalled>(2, { open, add: grow, total: ({ total }) => total, ...(upgrade === undefined ? {} : { upgrade }) });
}

const upgrading = counter2((state) => ({ total: (state as Counted).count }));

/** Spoils what it is given before it gives up. */
const failing = counter2((state) => {
  delete (state as Partial<Counted>).count;
  throw new Error("no upgrade today");
});

const names = ["counter", "dice"];

async function seatedAtCounter(port: number, user: number, more: Record<string, string> = {}): Promise<Player> {
  return Player.seated(port, user, { game_name: "counter", room_id: "7", ...more });
}

test("[release][P3] a newer release upgrades the rooms it finds: they play on, sockets and inputs of the gap included", async (t) => {
  const releases = await Releases.open(t, names);
  await releases.start([counter1, dice]);
  const player = await seatedAtCounter(releases.port, 1);
  player.send(add);
  player.send(add);
  await player.hearUntil("Print v1 2");
  await releases.stop();
  assert.deepEqual(await player.hear(), [held]);
  player.send(add);
  await releases.start([upgrading, dice]);
  assert.deepEqual(await player.hear(2), [resumed, "Print v2 3"]);
  const other = await seatedAtCounter(releases.port, 2);
  assert.deepEqual(await other.hear(3), ["SitDown 1@0", "SitDown 2@1", "Print v2 3"]);
  const [row] = releases.rows("counter", "7");
  const { version, state } = JSON.parse(row?.value ?? "{}") as { version: number; state: unknown };
  assert.deepEqual([version, state], [2, { total: 3 }]);
  assert.deepEqual([await releases.metric("croupier_rooms_unreadable"), releases.log.of("room unreadable")], [0, []]);
});

interface Refusal {
  readonly what: string;
  /** The release that wrote the room, and one that reads it again. */
  readonly able: Game<unknown>;
  readonly unable: readonly Game<unknown>[];
  readonly reason: RegExp;
  readonly later: Game<unknown>;
}

const refusals: Refusal[] = [
  {
    what: "a newer version without an upgrade",
    able: counter1,
    unable: [counter2()],
    reason: /cannot upgrade a state of version 1/,
    later: counter1,
  },
  { what: "a newer version whose upgrade throws", able: counter1, unable: [failing], reason: /no upgrade today/, later: upgrading },
  { what: "an older version", able: counter2(), unable: [counter1], reason: /has version 2, this release knows 1/, later: counter2() },
  { what: "a release without that game", able: counter1, unable: [], reason: /does not deal counter/, later: upgrading },
];

/** A room that was written by `able`, in the hands of `unable`; and a dice room beside it. */
async function unreadable(t: TestContext, { able, unable }: Refusal) {
  const releases = await Releases.open(t, names);
  await releases.start([able, dice]);
  const player = await seatedAtCounter(releases.port, 1);
  player.send(add);
  await player.hearUntil(`Print v${able.version} 1`);
  const beside = await Player.seated(releases.port, 5);
  await beside.hearUntil("Scene");
  await releases.stop();
  const written = releases.rows("counter", "7");
  assert.equal(written.length, 1);
  await player.hearUntil(held);
  await beside.hearUntil(held);
  await releases.start([...unable, dice]);
  return { releases, player, beside, written };
}

for (const refusal of refusals) {
  const { what, reason, later } = refusal;

  test(`[release] ${what} leaves the room as it is: named in log and metric, its row untouched, its neighbours play on`, async (t) => {
    const { releases, player, beside, written } = await unreadable(t, refusal);
    const logged = await releases.log.logged("room unreadable");
    assert.match(logged["event.reason"] ?? "", reason);
    assert.deepEqual([logged["game.name"], logged["room.id"]], ["counter", "7"]);
    assert.equal(await releases.metric("croupier_rooms_unreadable"), 1);
    assert.deepEqual(await player.hear(), ["Disconnect 0"]);
    assert.deepEqual(await beside.hear(), [resumed]);
    beside.shake(6);
    assert.deepEqual(await beside.hear(), ["Shake 5 6"]);
    assert.deepEqual(releases.rows("counter", "7"), written);
    await releases.stop();
    assert.deepEqual(releases.rows("counter", "7"), written);

    await releases.start([later, dice]);
    assert.equal(await releases.metric("croupier_rooms_unreadable"), 0);
    player.sit({ game_name: "counter", room_id: "7" });
    assert.deepEqual(await player.hear(2), ["Online 1", `Print v${later.version} 1`]);
    player.send(add);
    assert.deepEqual(await player.hear(), [`Print v${later.version} 2`]);
  });

  if (refusal.unable.length === 0) continue; // nobody deals that game: 119
  test(`[release][PROTOCOL §3] ${what}: the room's name is not given to another one, sits say try again`, async (t) => {
    const { releases, player, written } = await unreadable(t, refusal);
    await player.hearUntil("Disconnect 0");
    player.sit({ game_name: "counter", room_id: "7" });
    assert.deepEqual(await player.hear(), ["Error 114 try again"]);
    for (const mode of ["any", "create"]) {
      const stranger = await seatedAtCounter(releases.port, 9, { mode });
      assert.deepEqual(await stranger.hear(), ["Error 114 try again"], mode);
      await stranger.close();
    }
    const elsewhere = await seatedAtCounter(releases.port, 2, { room_id: "8" });
    assert.deepEqual((await elsewhere.hear())[0], "SitDown 2@0", "another name is free");
    assert.deepEqual(releases.rows("counter", "7"), written);
  });
}

test("[release] a sit that only joins is told to try again too", async (t) => {
  const { player } = await unreadable(t, refusals[0] as Refusal);
  await player.hearUntil("Disconnect 0");
  player.sit({ game_name: "counter", room_id: "7", mode: "join" });
  assert.deepEqual(await player.hear(), ["Error 114 try again"]);
});

test("[release][PROTOCOL §3] static fleet: who has sat elsewhere while his room was unreadable loses his seat there", async (t) => {
  const { releases, player } = await unreadable(t, refusals[0] as Refusal);
  await player.hearUntil("Disconnect 0");
  player.sit({ room_id: "2" });
  await player.hearUntil("Scene");
  await releases.stop();
  await releases.start([counter1, dice]);
  await player.hearUntil(resumed);
  const other = await seatedAtCounter(releases.port, 2);
  assert.deepEqual(await other.hear(2), ["SitDown 2@0", "Print v1 1"]);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Shake 1 6"]);
});

test("[release][PROTOCOL §3] single mode: who has sat elsewhere while his room was unreadable sits in one room only", async (t) => {
  const env = { DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "single.ts", env);
  await seated(first.port, [1, 2]);
  await kill(first);
  const without = await Server.start(t, "single.ts", { ...env, GAMES: "rocket" });
  assert.match(await without.logged("room unreadable"), /does not deal dice/);
  const player = await Player.seated(without.port, 1, { game_name: "rocket", room_id: "9" });
  await player.hearUntil("SitDown 1@");
  await kill(without);

  const third = await Server.start(t, "single.ts", env);
  const print = await Player.seated(third.port, 3, { print: "true" });
  const rooms = (await print.hear())[0]?.split("\n").filter((line) => /users .*\b1\b/.test(line)) ?? [];
  assert.equal(rooms.length, 1, rooms.join("; "));
});
