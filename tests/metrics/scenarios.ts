/** Each alert's condition, made with real processes, and taken away again. */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setInterval } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { dataFolder } from "#tests/support/data_folder.ts";
import { EndpointsApi } from "#tests/support/endpoints_api.ts";
import { wayIn } from "#tests/support/entrance.ts";
import { Issuer, SigningKey } from "#tests/support/issuer.ts";
import { frame, type Player } from "#tests/support/player.ts";
import { RedisServer, remembers } from "#tests/support/redis_server.ts";
import { SmallDisk } from "#tests/support/small_disk.ts";
import { TcpProxy } from "#tests/support/tcp_proxy.ts";
import type { AlertWatch, Provocation } from "./alert_watch.ts";
import { trouble } from "./trouble.ts";
import type { Member, World } from "./world.ts";

export interface Scene {
  readonly world: World;
  readonly watch: AlertWatch;
  readonly redis: RedisServer;
  readonly gate: Member;
}

const nothing = async (): Promise<void> => {};

/** Does it again and again, until it is told to stop. */
function again(everyMs: number, act: () => void): () => Promise<void> {
  const timer = setInterval(act, everyMs).unref();
  return async () => clearInterval(timer);
}

function of(member: Member, alert: string, how: string): Provocation {
  return { alert, of: { instance: member.name }, how };
}

export async function slowHandler({ world, watch, redis, gate }: Scene): Promise<void> {
  const server = await world.troubleServer("slow-rules", redis, "slow");
  const player = await world.player(gate, "slow");
  let stop = nothing;
  const how = "a handler that runs for 300 ms, again and again";
  await watch.see(
    [
      of(server, "CroupierHandlerSlow", how),
      of(server, "CroupierEventLoopBlocked", how),
      { alert: "CroupierRoadSlow", of: { instance: gate.name }, how },
    ],
    async () => {
      stop = again(400, () => player.send(frame(trouble.work)));
    },
    () => stop(),
  );
  await world.remove(server);
}

export async function crash({ world, watch, redis, gate }: Scene): Promise<void> {
  const server = await world.troubleServer("crashing", redis, "crashing");
  const player = await world.player(gate, "crashing");
  await watch.see(
    [of(server, "CroupierRoomCrashes", "a handler that throws")],
    async () => player.send(frame(trouble.crash)),
    nothing, // ten minutes without another one
  );
  await world.remove(server);
}

export async function fullDisk({ world, watch, redis, gate }: Scene): Promise<void> {
  const disk = SmallDisk.mount(world.t, { size: "16m" });
  if (disk === undefined) return;
  const server = await world.troubleServer("full", redis, "full", { DATA_DIR: disk.folder });
  const player = await world.player(gate, "full");
  await watch.see(
    [of(server, "CroupierJournalStalled", "a disk that is full")],
    async () => {
      disk.fill();
      player.send(frame(trouble.nothing));
    },
    async () => disk.free(),
  );
  await world.remove(server);
}

export async function fullServer({ world, watch, redis, gate }: Scene): Promise<void> {
  const heap = "--max-old-space-size=120 --max-semi-space-size=1";
  const server = await world.troubleServer("small", redis, "small", { ROOMS: "2", NODE_OPTIONS: heap });
  const players: Player[] = [];
  await watch.see(
    [of(server, "CroupierRoomsNearLimit", "ROOMS=2 and two rooms")],
    async () => {
      for (const room of ["1", "2"]) players.push(await world.player(gate, "small", room));
    },
    async () => players[0]?.send(frame(trouble.end)),
  );
  const [, player] = players;
  await watch.see(
    [of(server, "CroupierMemoryNearLimit", "a game that keeps 93 % of the heap")],
    async () => player?.send(frame(trouble.hoard)),
    async () => player?.send(frame(trouble.letGo)),
  );
  let stop = nothing;
  await watch.see(
    [{ alert: "CroupierRefusals", how: "a player who is refused 30 times a second" }],
    async () => {
      stop = again(33, () => player?.send(frame(trouble.refuse)));
    },
    () => stop(),
  );
  await world.remove(server);
}

export async function badClients({ watch, gate }: Scene): Promise<void> {
  let stop = nothing;
  await watch.see(
    [{ alert: "CroupierUpgradeRefusals", of: { status: "401" }, how: "20 connections a second with a token that is none" }],
    async () => {
      stop = again(50, () => {
        new WebSocket(`ws://127.0.0.1:${gate.port}?token=none`).on("error", () => {});
        void gate.server.admin("/drain", { Authorization: "Bearer none" }); // a question of the dashboards is about that
      });
    },
    () => stop(),
  );
  let user = 20_000;
  await watch.see(
    [{ alert: "CroupierSessionsCut", of: { end: "textMessage", code: "1003" }, how: "10 clients a second that send text" }],
    async () => {
      stop = again(100, () => {
        user += 1;
        void wayIn(gate.port, user).then((url) => {
          const socket = new WebSocket(url).on("error", () => {});
          socket.once("open", () => socket.send("text"));
        });
      });
    },
    () => stop(),
  );
}

/** A gate whose issuer is away, and whose file of a key is cut short. */
export async function badKeys({ world, watch, redis }: Scene): Promise<void> {
  const signing = await SigningKey.make("ES256", "a");
  const issuer = await Issuer.open(world.t, []);
  const file = join(dataFolder(world.t), "key");
  const key = Buffer.alloc(32, 7).toString("base64");
  writeFileSync(file, key);
  issuer.say("no", 500);
  const gate = await world.gate("gate-keys", redis, { JWT_KEY_FILE: file, JWKS_URL: issuer.url });
  await watch.see(
    [of(gate, "CroupierKeysNotRead", "a JWKS_URL that answers 500")],
    nothing, // from its start on
    async () => issuer.publish([signing.jwk]),
  );
  await watch.see(
    [of(gate, "CroupierSecretsFaulty", "a key's file that is cut short")],
    async () => writeFileSync(file, key.slice(0, 7)),
    async () => writeFileSync(file, key),
  );
  await world.remove(gate);
}

/** Rooms of a newer release, rooms that are lost, and a server that is started again and again. */
export async function journals({ world, watch, redis, gate }: Scene): Promise<void> {
  const folder = dataFolder(world.t);
  const server = await world.troubleServer("newer", redis, "newer", { DATA_DIR: folder, TROUBLE_VERSION: "2" });
  await world.player(gate, "newer");
  await watch.see(
    [of(server, "CroupierRoomsUnreadable", "an older release on a newer one's journal")],
    () => server.restart({ TROUBLE_VERSION: "1" }),
    () => server.restart(),
  );
  await watch.see(
    [of(server, "CroupierJournalDamaged", "rows that are taken out of the journal")],
    async () => {
      await server.kill();
      const database = new DatabaseSync(join(folder, "journal.sqlite"));
      database.exec("DELETE FROM rooms");
      database.close();
      await server.start();
    },
    () => server.restart(),
  );
  await watch.see(
    [of(server, "CroupierRestarts", "a server that is killed three times")],
    async () => {
      for (let time = 0; time < 3; time++) {
        await sleep(1500); // it is scraped in between
        await server.restart();
      }
    },
    nothing, // 15 min without another one
  );
  await world.remove(server);
}

export async function forgetfulJournal({ world, watch, redis, gate }: Scene): Promise<void> {
  const [folder, copy] = [dataFolder(world.t), dataFolder(world.t)];
  const server = await world.troubleServer("forgetful", redis, "forgetful", { DATA_DIR: folder });
  const player = await world.player(gate, "forgetful");
  player.send(frame(trouble.nothing));
  await sleep(500);
  server.server.signal("SIGSTOP");
  await sleep(100);
  cpSync(folder, copy, { recursive: true });
  server.server.signal("SIGCONT");
  await watch.see(
    [of(server, "CroupierInputsForgotten", "a journal that an older copy of it has taken the place of")],
    async () => {
      for (let input = 0; input < 3; input++) player.send(frame(trouble.nothing));
      await sleep(500);
      await server.kill();
      rmSync(folder, { recursive: true });
      cpSync(copy, folder, { recursive: true });
      await server.start();
    },
    nothing, // ten minutes without another one
  );
  await world.remove(server);
}

/** On a Redis of their own, which forgets and freezes. */
export async function badRedis({ world, watch }: Scene): Promise<void> {
  const redis = await RedisServer.start(world.t);
  if (redis === undefined) return;
  const one = await world.troubleServer("twin-1", redis, "twin", { DATA_DIR: dataFolder(world.t) });
  const gate = await world.gate("gate-of-twins", redis);
  await world.player(gate, "twin");
  const other = await world.troubleServer("twin-2", redis, "twin", { DATA_DIR: dataFolder(world.t) });
  await watch.see(
    [of(other, "CroupierDirectoryConflict", "a Redis that forgets while a game server is down, and a room that is opened anew")],
    async () => {
      await one.kill();
      await redis.ask("FLUSHALL");
      await redis.ask(...remembers);
      await sleep(5000); // the other one has announced itself
      await world.player(gate, "twin");
      await one.start();
    },
    nothing, // ten minutes without another one
  );
  await watch.see(
    [of(gate, "CroupierRedisDown", "a Redis that is frozen")],
    async () => process.kill(redis.pid, "SIGSTOP"),
    async () => process.kill(redis.pid, "SIGCONT"),
  );
  await world.remove(one, other, gate);
}

export async function cutLink({ world, watch, redis, gate }: Scene): Promise<void> {
  const proxy = await TcpProxy.open(world.t);
  const server = await world.troubleServer("far", redis, "far", { ADVERTISE: `127.0.0.1:${proxy.port}` });
  proxy.leadTo(server.port);
  await world.player(gate, "far");
  await watch.see(
    [of(gate, "CroupierLinkDown", "a way between gate and game server on which nothing passes")],
    async () => proxy.cut(),
    async () => proxy.go(),
  );
  await world.remove(server);
}

export async function fleetAway({ world, watch, redis }: Scene): Promise<void> {
  const api = await EndpointsApi.open(world.t);
  const file = join(dataFolder(world.t), "kubeconfig");
  writeFileSync(file, api.config.exportConfig());
  const gate = await world.gate("gate-on-kubernetes", redis, { FLEET: "kubernetes", KUBECONFIG: file });
  await watch.see(
    [of(gate, "CroupierFleetLookupDown", "an API of Kubernetes (ours) that fails")],
    async () => {
      api.mood = "failing";
      api.endWatches();
    },
    async () => {
      api.mood = "well";
    },
  );
  await world.remove(gate);
}

/** Drains: with nobody who takes rooms, towards a slow one, and towards one that does not answer. */
export async function drains({ world, watch, redis, gate }: Scene): Promise<void> {
  const [one, other] = ["mover-1", "mover-2"].map(
    (name) => () => world.troubleServer(name, redis, "moving", { DATA_DIR: dataFolder(world.t), NOTICE_EVERY: "0" }),
  ) as [() => Promise<Member>, () => Promise<Member>];
  const giver = await one();
  for (let room = 1; room <= 6; room++) await world.player(gate, "moving", String(room));
  const alone = "a drain with nobody who takes rooms";
  await watch.see(
    [of(giver, "CroupierDrainStuck", alone), of(giver, "CroupierDrainLong", alone)],
    () => world.tell(giver, "POST", "/drain"),
    () => world.tell(giver, "DELETE", "/drain"),
  );
  const taker = await other();
  let slow = "commits of 4 s at the server that takes rooms, from the moment the drain begins";
  await watch.see(
    [of(giver, "CroupierMovesBack", slow)],
    async () => {
      await sleep(1500); // it is known to take rooms
      taker.order("commit 4000");
      await world.tell(giver, "POST", "/drain");
    },
    async () => {
      taker.order("commit 0");
      await world.tell(giver, "DELETE", "/drain");
    },
  );
  slow = "commits of 300 ms at the server that takes rooms";
  await watch.see(
    [of(taker, "CroupierJournalSlow", slow), { alert: "CroupierPausesLong", how: slow }],
    async () => {
      taker.order("commit 300");
      for (const room of ["1", "2", "3"]) await world.tell(giver, "POST", `/rooms/moving/${room}/move`);
    },
    async () => taker.order("commit 0"),
  );
  await world.remove(giver, taker);
}

/** Nobody is left: the last scene. */
export async function everybodyGone({ watch, gate }: Scene, gates: readonly Member[], servers: readonly Member[]): Promise<void> {
  const [server] = servers;
  if (server === undefined) return;
  const how = "every game server killed";
  await watch.see(
    [
      of(server, "CroupierScrapeFailed", how),
      { alert: "CroupierNoGameServer", how },
      of(gate, "CroupierGateUnlinked", how),
      of(gate, "CroupierRoomsHeld", how),
    ],
    () => Promise.all(servers.map((member) => member.kill())),
    () => Promise.all(servers.map((member) => member.start())),
  );
  await watch.see(
    [{ alert: "CroupierNoGate", how: "every gate killed" }],
    () => Promise.all(gates.map((member) => member.kill())),
    () => Promise.all(gates.map((member) => member.start())),
  );
}

/** A second release, for half an hour. */
export async function canary({ world, watch, redis }: Scene): Promise<void> {
  let server: Member | undefined;
  await watch.see(
    [{ alert: "CroupierReleasesMixed", of: { service: "game_server" }, how: "a game server of another release" }],
    async () => {
      server = await world.troubleServer("canary", redis, "canary", { VERSION: "v2" });
    },
    async () => server && world.remove(server),
  );
}
