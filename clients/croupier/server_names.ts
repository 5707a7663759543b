/** What operators call game servers: by their machine, such as a pod's name, or by their address where that would be ambiguous. */
import type { ServerView } from "#protocol/admin_views.ts";

export function nameServers(servers: readonly ServerView[]): ReadonlyMap<ServerView, string> {
  const isOnly = (machine: string): boolean => servers.filter((server) => server.machine === machine).length === 1;
  return new Map(
    servers.map((server) => [server, server.machine !== undefined && isOnly(server.machine) ? server.machine : server.address]),
  );
}
