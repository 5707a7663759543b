/** What is measured, in this order. */
import type { Scenario } from "./scenario.ts";
import { broadcast } from "./scenarios/broadcast.ts";
import { dice } from "./scenarios/dice.ts";
import { handshakes } from "./scenarios/handshakes.ts";
import { idle } from "./scenarios/idle.ts";
import { links } from "./scenarios/links.ts";
import { load } from "./scenarios/load.ts";
import { moves } from "./scenarios/moves.ts";
import { recovery } from "./scenarios/recovery.ts";
import { reply } from "./scenarios/reply.ts";
import { rooms } from "./scenarios/rooms.ts";
import { size } from "./scenarios/size.ts";
import { storm } from "./scenarios/storm.ts";

export const scenarios: readonly Scenario[] = [reply, broadcast, load, size, dice, idle, handshakes, rooms, moves, recovery, storm, links];
