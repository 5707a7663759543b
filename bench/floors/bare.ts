/** Nothing but ws in one process: what a message costs before anybody has done anything for it. `node bench/floors/bare.ts` */
import type { WebSocket } from "ws";
import { benchCommands } from "#bench/game.ts";
import { bodyOf, commandOf, frame } from "#protocol/frame.ts";
import { letIn } from "./entrance.ts";

const rooms = new Map<number, Set<WebSocket>>();

letIn((player, _stream, id) => {
  const room = rooms.get(id) ?? new Set();
  rooms.set(id, room.add(player));
  player.send(frame(benchCommands.SCENE));
  player.on("close", () => room.delete(player));
  player.on("message", (message: Buffer) => {
    if (commandOf(message) === benchCommands.ASK) return player.send(frame(benchCommands.REPLY, bodyOf(message)));
    const event = frame(benchCommands.EVENT, bodyOf(message));
    for (const each of room) each.send(event);
  });
});
