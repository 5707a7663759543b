/**
 * An evening at real processes, with everything that may happen in one: users 7 and 8 play dice in room 1 while it moves, while its
 * server is killed, and while another release comes; others are refused, closed, or not let in; bots play beside them.
 *
 *     v1   gate-1 gate-2 dice-0 dice-1          v2   gate-3 dice-2
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RoomView } from "#protocol/admin_views.ts";
import { frame } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { playDice } from "#tests/faults/dice_bots.ts";
import { Player } from "#tests/support/player.ts";
import { RawConnection, upgradeHeaders } from "#tests/support/raw.ts";
import { until } from "#tests/support/until.ts";
import { Diary } from "./diary.ts";
import type { Fleet, Pod } from "./fleet.ts";

/** More than a session may say in a second and a burst. */
const floodFrames = 400;
export const firstBot = 100;
export const floodingUser = 21;
export const wrongUser = 20;

export interface Story {
  readonly seven: Diary;
  readonly eight: Diary;
  /** The life of room 1. */
  readonly life: string;
  /** The pods in which it was played, in order, each as often as it went there. */
  readonly played: readonly string[];
  /** Each pod's process, as its log names it. */
  readonly moved: { readonly from: string; readonly to: string };
}

export async function playEvening(t: TestContext, fleet: Fleet): Promise<Story> {
  const [dice0, dice1] = [await fleet.game("dice-0", "v1"), await fleet.game("dice-1", "v1")];
  const [gate1, gate2] = [await fleet.gate("gate-1", "v1"), await fleet.gate("gate-2", "v1")];
  await fleet.linked([gate1, gate2], 2);
  const bots = playDice(t, { users: 8, seconds: 15, think: 200, port: gate2.server.port, "first-user": firstBot, "first-room": 10 });

  const [seven, eight] = [new Diary(7), new Diary(8)];
  await seven.comesIn(gate1.server.port);
  await seven.sits("1");
  await eight.comesIn(gate2.server.port);
  await eight.sits("1");
  await seven.isRefused((player) => player.sit({ room_id: "2" }));
  await bothRoll(seven, eight, 6, 3);

  const { pod: first, life } = await ownerOf([dice0, dice1], "1");
  const second = first === dice0 ? dice1 : dice0;
  await moveRoom(first, second, life);
  await seven.hears("Start");
  await seven.rolls(2);
  await fleet.kill(second, "v1");
  await eight.rolls(4);
  await Promise.all([seven.hears("Settlement"), eight.hears("Settlement")]);

  await seven.hears("Start");
  await seven.rolls(5);
  await seven.drops();
  const before = eight.heard.length;
  await eight.rolls(1); // this ends the game, and seven is stood up
  await eight.hears("StandUp 7");
  for (const line of eight.heard.slice(before)) seven.isTold(line);
  await misbehave(gate1.server.port);
  await strangers(fleet);

  await seven.comesIn(gate2.server.port);
  await seven.sits("1");
  const { third, gate3 } = await rollOut(fleet, { seven, eight }, [dice0, dice1], [gate1, gate2]);
  await fleet.redis.kill();
  await third.server.logged("redis down");
  await fleet.redis.start();
  await third.server.logged("redis up");
  await seven.hears("Start");
  await bothRoll(seven, eight, 6, 6);
  await seven.stands();
  await seven.leaves();
  await bots.exited;
  await endOf(third);
  await endOf(gate3);
  return { seven, eight, life, played: [first.name, second.name, third.name], moved: { from: first.name, to: second.name } };
}

async function bothRoll(seven: Diary, eight: Diary, one: number, other: number): Promise<void> {
  await seven.rolls(one);
  await eight.rolls(other);
  await Promise.all([seven.hears("Settlement"), eight.hears("Settlement")]);
}

async function roomsOf({ server }: Pod): Promise<readonly RoomView[]> {
  return (JSON.parse((await server.admin("/rooms")).body) as { rooms: RoomView[] }).rooms;
}

async function ownerOf(pods: readonly Pod[], room: string): Promise<{ pod: Pod; life: string }> {
  for (const pod of pods) {
    const found = (await roomsOf(pod)).find(({ id }) => id === room);
    if (found !== undefined) return { pod, life: found.life };
  }
  return assert.fail(`nobody has room ${room}`);
}

async function moveRoom(from: Pod, to: Pod, life: string): Promise<void> {
  const url = `http://127.0.0.1:${from.server.adminPort}/rooms/${life}/move`;
  await until(async () => (await fetch(url, { method: "POST" })).status === 200); // it looks for others once a second
  await until(async () => (await roomsOf(to)).some((room) => room.life === life));
}

/** One release after the other: a newer game server, the older ones leave; a newer gate, the older ones leave. */
async function rollOut(fleet: Fleet, { seven, eight }: { seven: Diary; eight: Diary }, games: readonly Pod[], gates: readonly Pod[]) {
  const third = await fleet.game("dice-2", "v2");
  await fleet.linked(gates, 3);
  await sleep(1500); // game servers look for others once a second: rooms go to the newest that is known
  for (const pod of games) await endOf(pod);
  const gate3 = await fleet.gate("gate-3", "v2");
  await fleet.linked([gate3], 1);
  for (const pod of gates) await endOf(pod);
  for (const diary of [seven, eight]) {
    await diary.player.closed;
    await diary.comesIn(gate3.server.port);
    await diary.sits("1");
  }
  return { third, gate3 };
}

/** It leaves service by moving what it has; what is left by the second signal. */
async function endOf({ server }: Pod): Promise<void> {
  server.signal("SIGTERM");
  const timer = setTimeout(() => server.signal("SIGTERM"), 2000);
  await server.exited;
  clearTimeout(timer);
}

/** What clients do wrong, and what becomes of it. */
async function misbehave(port: number): Promise<void> {
  const wrong = new Diary(wrongUser);
  await wrong.comesIn(port);
  await wrong.isRefused((player) => player.sit({ game_name: "no such game" }));
  await wrong.isRefused((player) => player.sit({ room_id: "-1" }));
  await wrong.isRefused((player) => player.shake());
  wrong.player.socket.send("text");
  await wrong.player.closed;
  const flooding = await Player.connect(port, floodingUser);
  flooding.sit({ room_id: "30" });
  for (let sent = 0; sent < floodFrames; sent++) flooding.send(frame(Command.PRINT));
  await flooding.closed;
  await RawConnection.ask(port, "GET /?token=none", upgradeHeaders);
}

/** Containers that say what is no line of ours: text, other people's JSON, lines longer than a part, an end without a line's end. */
async function strangers(fleet: Fleet): Promise<void> {
  const other = fleet.other(
    "other-0",
    `console.log(JSON.stringify({ epoch: "first", "user.id": { name: "x" }, seat: "window" }));
     console.log("ä".repeat(20_000));
     console.error(new Error("of somebody else"));
     process.stdout.write("no end");`,
  );
  const broken = fleet.broken("dice-broken");
  await Promise.all([other.exited, broken.exited]);
  await sleep(0);
}
