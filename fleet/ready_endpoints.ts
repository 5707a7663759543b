/**
 * Which endpoints of some Services are ready, as the Kubernetes API says: a list, then a watch
 * of what changes, and from the list again whenever the watch ends, for whatever reason. While
 * the API is away the endpoints are what they were.
 *
 *     list ──> watch ──ends, or is silent for 30 s──> list …
 *       └── fails ──> again, with back-off
 *
 * The informer of @kubernetes/client-node is not used: it stops for good at ordinary errors,
 * and may go on after it was stopped. What it saves, a list each half minute, is one small answer.
 */
import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { DiscoveryV1Api, KubeConfig, type V1EndpointSlice, Watch } from "@kubernetes/client-node";
import { backoffMs } from "#runtime/backoff.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import { SettingError } from "#runtime/settings.ts";

/** An API server that does not answer for so long is taken for away. */
const listTimeoutMs = 5000;
/** How late a heal may be noticed. */
const backoff = { msMin: 250, msMax: 5000 };
/** A watch that lasted for so long was none that fails at once. */
const lastingMs = 5000;

/** What the kubelet puts into a pod whose service account's token is mounted. */
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

interface ReadyEndpointsOptions {
  readonly config: KubeConfig;
  /** Names of Services in the namespace of `config`. */
  readonly services: readonly string[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

export class ReadyEndpoints {
  readonly #options: ReadyEndpointsOptions;
  readonly #namespace: string;
  readonly #selector: string;
  /** By slice: a Service has several of them. */
  readonly #slices = new Map<string, ReadonlySet<string>>();
  #stage: "down" | "up" | "stopped" = "down";
  #failures = 0;
  #watching: AbortController | undefined;
  #next: Timer | undefined;

  constructor(options: ReadyEndpointsOptions) {
    this.#options = options;
    this.#namespace = options.config.getContextObject(options.config.getCurrentContext())?.namespace ?? "default";
    this.#selector = `kubernetes.io/service-name in (${options.services.join(",")})`;
  }

  /** Whether what is known is what the API says now. */
  get isUp(): boolean {
    return this.#stage === "up";
  }

  /** Whether this `host:port` is a ready endpoint of one of the Services. Nothing is before the first answer. */
  has(address: string): boolean {
    return this.#slices.values().some((addresses) => addresses.has(address));
  }

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#stage = "stopped";
    this.#next?.cancel();
    this.#watching?.abort();
  }

  async #follow(): Promise<void> {
    const { clock, entropy } = this.#options;
    let watchedSinceMs: number | undefined;
    try {
      const version = await this.#list();
      if (this.#isStopped) return;
      this.#up();
      watchedSinceMs = clock.now();
      await this.#watch(version);
    } catch (thrown) {
      this.#down(thrown);
    }
    if (this.#isStopped) return;
    const hasLasted = watchedSinceMs !== undefined && clock.now() - watchedSinceMs >= lastingMs;
    this.#failures = hasLasted ? 0 : this.#failures + 1;
    this.#next = clock.after(backoffMs(backoff, this.#failures, entropy), () => void this.#follow());
  }

  /** Gives the version from which to watch. */
  async #list(): Promise<string> {
    const { config, clock } = this.#options;
    const api = config.makeApiClient(DiscoveryV1Api);
    const late = Promise.withResolvers<never>();
    const timer = clock.after(listTimeoutMs, () => late.reject(new Error(`no list within ${listTimeoutMs} ms`)));
    const listing = api.listNamespacedEndpointSlice({ namespace: this.#namespace, labelSelector: this.#selector });
    const { items, metadata } = await Promise.race([listing, late.promise]).finally(() => timer.cancel());
    this.#slices.clear();
    for (const slice of items) this.#take(slice);
    return metadata?.resourceVersion ?? "";
  }

  /** Resolves when the watch has ended. */
  async #watch(resourceVersion: string): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const path = `/apis/discovery.k8s.io/v1/namespaces/${this.#namespace}/endpointslices`;
    const hear = (phase: string, slice: V1EndpointSlice): void => {
      if (phase === "ADDED" || phase === "MODIFIED") this.#take(slice);
      else if (phase === "DELETED") this.#slices.delete(nameOf(slice));
      else if (phase === "ERROR") ended.reject(new Error((slice as { message?: string }).message ?? "the watch has failed"));
    };
    const onDone = (thrown: unknown): void => (isEnd(thrown) ? ended.resolve() : ended.reject(thrown));
    ended.promise.catch(() => {}); // it may end before it is waited for
    this.#watching = await new Watch(this.#options.config).watch(path, { resourceVersion, labelSelector: this.#selector }, hear, onDone);
    if (this.#isStopped) this.#watching.abort();
    await ended.promise.finally(() => this.#watching?.abort());
  }

  #take(slice: V1EndpointSlice): void {
    const ports = (slice.ports ?? []).map(({ port }) => port);
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false && conditions?.terminating !== true);
    const hosts = ready.flatMap(({ addresses }) => addresses).map((host) => (isIPv6(host) ? `[${host}]` : host));
    this.#slices.set(nameOf(slice), new Set(hosts.flatMap((host) => ports.map((port) => `${host}:${port}`))));
  }

  get #isStopped(): boolean {
    return this.#stage === "stopped";
  }

  #up(): void {
    if (this.#stage === "down") this.#options.log.info("kubernetes up");
    this.#stage = "up";
  }

  #down(thrown: unknown): void {
    if (this.#isStopped) return;
    if (this.#stage === "up" || this.#failures === 0) this.#options.log.warn("kubernetes down", { "event.reason": sentenceOf(thrown) });
    this.#stage = "down";
  }
}

/**
 * How this process reaches the API: as its pod's service account, or by a kubeconfig (`KUBECONFIG`) outside of the cluster.
 * @throws {SettingError} when there is neither.
 */
export function kubeConfig(): KubeConfig {
  const config = new KubeConfig();
  if (existsSync(`${accountFolder}/token`)) {
    config.loadFromCluster();
    return config;
  }
  if (!process.env["KUBECONFIG"])
    throw new SettingError("FLEET=kubernetes needs the token of a service account in its pod, or KUBECONFIG outside of one.");
  try {
    config.loadFromDefault();
  } catch (cause) {
    throw new SettingError("KUBECONFIG names no file that can be read.", { cause });
  }
  return config;
}

function nameOf({ metadata }: V1EndpointSlice): string {
  return metadata?.name ?? "";
}

/** A watch ends when its server says so, or after 30 s of silence. */
function isEnd(thrown: unknown): boolean {
  return thrown === null || thrown === undefined || (thrown instanceof Error && thrown.name === "TimeoutError");
}

/** The API's errors carry its whole answer. */
function sentenceOf(thrown: unknown): string {
  const { code, statusCode = code, message } = thrown as { code?: unknown; statusCode?: unknown; message?: string };
  return `${message?.split("\n")[0] ?? String(thrown)}${statusCode === undefined ? "" : ` (${String(statusCode)})`}`;
}
