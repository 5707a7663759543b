/**
 * F15 on the cluster: the API server stands still; meanwhile the processes of a game server and of a gate die, and the
 * kubelet starts them again. Rooms in play are unharmed, and all heals by itself. Nobody else has this cluster's API meanwhile.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFull, patience, sleep, until } from "#tests/faults/measure.ts";
import { awaysMs, comings, reconnectsMost, thoseAt } from "./comings.ts";
import { Namespace } from "./namespace.ts";
import { askForRoom, untilRoom } from "./new_room.ts";
import { Frozen, killContainer } from "./node.ts";
import { Players } from "./players.ts";

const awayMs = isFull ? 300_000 : 45_000;
const healedWithinMs = 35_000;

test(`[F15][P8] the Kubernetes API is away for ${awayMs / 1000} s, meanwhile a game server and a gate die and come back: rooms in play are unharmed, and all heals`, {
  timeout: awayMs + 400_000,
}, async (t) => {
  const frozen = new Frozen(t);
  const namespace = await Namespace.open(t, { name: "f15-api" });
  const { logs } = namespace;
  const players = await Players.seat(t, namespace, { seed: 51, gatesLeave: true, gatesDie: true });
  const [server] = await namespace.pods("game=dice");
  const [gate] = await namespace.pods("app=gate");
  assert.ok(server !== undefined && gate !== undefined);
  const its = thoseAt(logs, gate.metadata.name);
  const expected = new Map([...comings(logs)].map(([user, count]) => [user, count + Number(its.has(user))]));

  frozen.freezeApiServer();
  const thawedMs = performance.now() + awayMs;
  await sleep(awayMs / 4);
  killContainer(server);
  t.diagnostic(`no API, a game server starts: a new room is answered "${await askForRoom(t, namespace)}"`);
  await sleep(awayMs / 4);
  const killedMs = Date.now();
  killContainer(gate);
  await until("its players", () => awaysMs(logs, killedMs).length >= its.size);
  players.note(awaysMs(logs, killedMs));
  t.diagnostic(`no API, a gate starts: a new room is answered "${await askForRoom(t, namespace)}"`);
  await sleep(thawedMs - performance.now());
  assert.deepEqual(restarts(namespace), [1, 1], "the kubelet has started both again");
  frozen.thaw();
  const healedMs = await untilRoom(t, namespace);
  await namespace.ready();

  const most = reconnectsMost(namespace.logs);
  const noticed = await players.end();
  t.diagnostic(noticed.line(`F15 Kubernetes API away ${awayMs / 1000} s, a new room ${healedMs.toFixed(0)} ms after its return`));
  assert.deepEqual(comings(logs), expected);
  noticed.assertUnharmed({ reconnects: most });
  assert.ok(healedMs <= healedWithinMs * patience, `${healedMs} ms`);
});

/** Of the gates' and of the game servers' containers. */
function restarts({ logs }: Namespace): number[] {
  return ["gate", "game"].map((container) => logs.of(container).filter(({ restart }) => restart > 0).length);
}
