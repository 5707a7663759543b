/**
 * The part of the Kubernetes API that lists and watches EndpointSlices, on a port of its own, with the troubles that
 * the real one has: it goes, it fails, it ends watches, it forgets versions, it falls silent.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { KubeConfig, type V1EndpointSlice } from "@kubernetes/client-node";

const namespace = "play";
const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;

interface Endpoint {
  readonly address: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

export class EndpointsApi {
  readonly #server: Server;
  readonly #slices = new Map<string, V1EndpointSlice>();
  readonly #watches = new Set<ServerResponse>();
  /** Everything that has changed: a version is how many changes there were. */
  readonly #changes: object[] = [];
  /** What is asked is answered so. */
  mood: "well" | "failing" | "silent" = "well";
  lists = 0;
  /** Label selectors that were asked for. */
  readonly selectors = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(t: TestContext, port = 0): Promise<EndpointsApi> {
    const server = createServer((request, response) => api.#answer(request, response));
    const api = new EndpointsApi(server);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    t.after(() => api.close());
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get config(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "here", server: `http://127.0.0.1:${this.port}`, skipTLSVerify: true }],
      users: [{ name: "somebody" }],
      contexts: [{ name: "play", cluster: "here", user: "somebody", namespace }],
      currentContext: "play",
    });
    return config;
  }

  get watches(): number {
    return this.#watches.size;
  }

  put(name: string, endpoints: readonly Endpoint[], ports: readonly number[] = [60_001]): void {
    const type = this.#slices.has(name) ? "MODIFIED" : "ADDED";
    const slice = {
      metadata: { name, namespace, resourceVersion: String(this.#changes.length + 1) },
      addressType: endpoints[0]?.address.includes(":") ? "IPv6" : "IPv4",
      endpoints: endpoints.map(({ address, ready, terminating }) => ({
        addresses: [address],
        conditions: { ...(ready !== undefined && { ready }), ...(terminating !== undefined && { terminating }) },
      })),
      ports: ports.map((port) => ({ port })),
    };
    this.#slices.set(name, slice);
    this.#change({ type, object: slice });
  }

  delete(name: string): void {
    const slice = this.#slices.get(name);
    this.#slices.delete(name);
    this.#change({ type: "DELETED", object: slice });
  }

  /** As a real one whose memory of changes has been compacted. */
  forgetVersions(): void {
    this.#tell({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } });
  }

  endWatches(): void {
    for (const watch of [...this.#watches]) watch.end();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #change(event: object): void {
    this.#changes.push(event);
    this.#tell(event);
  }

  #tell(event: object): void {
    for (const watch of this.#watches) write(watch, event);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://api");
    this.selectors.add(url.searchParams.get("labelSelector") ?? "");
    response.setHeader("Content-Type", "application/json");
    if (this.mood === "silent") return;
    if (this.mood === "failing" || url.pathname !== path) {
      response.writeHead(this.mood === "failing" ? 500 : 404).end("{}");
      return;
    }
    if (url.searchParams.get("watch") === "true") {
      response.writeHead(200);
      response.flushHeaders();
      for (const event of this.#changes.slice(Number(url.searchParams.get("resourceVersion")))) write(response, event);
      this.#watches.add(response);
      response.once("close", () => this.#watches.delete(response));
      return;
    }
    this.lists += 1;
    response.end(JSON.stringify({ metadata: { resourceVersion: String(this.#changes.length) }, items: [...this.#slices.values()] }));
  }
}

function write(watch: ServerResponse, event: object): void {
  watch.write(`${JSON.stringify(event)}\n`);
}
