/** Our processes, pinned, as they are started in production but for limits on how fast one may ask. */
import { randomBytes } from "node:crypto";
import { Pinned } from "#bench/pinned.ts";
import type { ServersView } from "#protocol/admin_views.ts";
import { sleep, until } from "#tests/faults/measure.ts";
import { says } from "#tests/support/said.ts";

/** A server that is linked has told what it has by then: it has nothing. */
const toldMs = 500;

export type Environment = Readonly<Record<string, string>>;

/** The checkout that this file is in. */
export const here = new URL("../../", import.meta.url).pathname;
/** What tokens are signed with. */
export const jwtKey = randomBytes(32);
const keys = { JWT_KEY: jwtKey.toString("base64"), LINK_KEY: randomBytes(32).toString("base64") };

/** No limit that a player who asks as fast as he is answered would meet. */
const unlimited = { MESSAGES_PER_SECOND: "0", CONNECTIONS_PER_USER: "0", CONNECTIONS_PER_ADDRESS: "0" };
const settings = { ENV: "prod", HOST: "127.0.0.1", PORT: "0", ADMIN_HOST: "127.0.0.1", ADMIN_PORT: "0", ...keys, ...unlimited };

/** It deals the game that is measured, too. `root`: the checkout that it is started from. */
export function startServer(env: Environment, root: string = here): Promise<Pinned> {
  return start("bench/game_server.ts", env, root);
}

export function startGate(env: Environment, root: string = here): Promise<Pinned> {
  return start("gate_server/main.ts", env, root);
}

export function portsOf({ ready }: Pinned): { readonly port: number; readonly adminPort: number } {
  const { "url.port": port, "admin.port": adminPort } = JSON.parse(ready) as { "url.port": number; "admin.port": number };
  return { port, adminPort };
}

/** As GAME_SERVERS has them. */
export function staticFleet(ports: readonly number[]): string {
  return ports.map((port) => `dice=127.0.0.1:${port}`).join();
}

function start(file: string, env: Environment, root: string): Promise<Pinned> {
  return Pinned.start({ cwd: root, arguments: [file], env: { ...settings, ...env }, isReady: says("ready") });
}

/** Whoever sits down before every server has told the gate what it has may hear "try again". */
export async function linked(gate: Pinned, servers: number): Promise<void> {
  const url = `http://127.0.0.1:${portsOf(gate).adminPort}/servers`;
  await until("the links of a gate", async () => {
    const view = (await (await fetch(url)).json()) as ServersView;
    return view.servers.filter(({ isLinked }) => isLinked).length === servers;
  });
  await sleep(toldMs);
}
