/** A test asks a process's admin listener, and has a process to ask. */
import type { TestContext } from "node:test";
import { Player } from "./player.ts";
import { Server } from "./process.ts";

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** The JSON that `path` answers. */
export async function ask(server: Pick<Server, "adminPort">, method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const { text, ...answer } = await askText(server, method, path, init);
  return { ...answer, body: JSON.parse(text) as Record<string, unknown> };
}

/** The text that `path` answers. */
export async function askText(server: Pick<Server, "adminPort">, method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${server.adminPort}${path}`, { method, ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A request that brings JSON. */
export function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** A server with one player at dice/1, that waits for its rooms when it drains. */
export async function playing(t: TestContext, env: Record<string, string> = {}): Promise<{ server: Server; player: Player }> {
  const server = await Server.start(t, "single.ts", { DRAIN: "wait", ...env });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  return { server, player };
}
