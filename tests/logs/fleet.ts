/**
 * Gates and game servers as processes, over a Redis, whose output is written down as that of containers: each process is a pod
 * of a node that is a folder. Releases are names (`VERSION`), and a game server that is started again is the same pod.
 */
import type { TestContext } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { type Run, Server, spawnRun } from "#tests/support/process.ts";
import { RedisServer } from "#tests/support/redis_server.ts";
import { until } from "#tests/support/until.ts";
import { ContainerFile } from "./kubelet_files.ts";

export const namespace = "croupier";
/** Small, so that files are rotated. */
const fileBytesMax = 20_000;

/** A process of ours as a pod has it. */
export class Pod {
  readonly name: string;
  readonly container: "gate" | "game";
  readonly folder: string;
  #server: Server | undefined;
  restarts = 0;

  constructor(name: string, container: "gate" | "game", folder: string) {
    this.name = name;
    this.container = container;
    this.folder = folder;
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error(`${this.name} is not started`);
    return this.#server;
  }

  set server(server: Server) {
    this.#server = server;
  }
}

export class Fleet {
  readonly redis: RedisServer;
  /** Of the node. */
  readonly root: string;
  readonly files: ContainerFile[] = [];
  readonly #t: TestContext;

  private constructor(t: TestContext, redis: RedisServer) {
    this.#t = t;
    this.redis = redis;
    this.root = dataFolder(t);
  }

  /** Undefined, and the test skipped, where there is no redis-server. */
  static async open(t: TestContext): Promise<Fleet | undefined> {
    const redis = await RedisServer.start(t);
    return redis === undefined ? undefined : new Fleet(t, redis);
  }

  gate(name: string, release: string): Promise<Pod> {
    return this.#start(new Pod(name, "gate", ""), release);
  }

  game(name: string, release: string): Promise<Pod> {
    return this.#start(new Pod(name, "game", dataFolder(this.#t)), release);
  }

  /** The process is killed, and the container started again. */
  async kill(pod: Pod, release: string): Promise<void> {
    pod.server.signal("SIGKILL");
    await pod.server.exited;
    pod.restarts += 1;
    await this.#start(pod, release);
  }

  /** Waits until gates are linked to so many game servers. */
  async linked(gates: readonly Pod[], servers: number): Promise<void> {
    const links = async ({ server }: Pod) => Number(/^croupier_links(?:\{.*\})? (\S+)$/m.exec((await server.admin("/metrics")).body)?.[1]);
    await until(async () => (await Promise.all(gates.map(links))).every((count) => count === servers));
  }

  /** A process of somebody else's, in a container of its own. */
  other(name: string, script: string): Run {
    return this.#written(spawnRun(this.#t, process.execPath, ["--eval", script]), name, "app", 0);
  }

  /** A game server that does not get as far as its log. */
  broken(name: string): Run {
    return this.#written(Server.launch(this.#t, "game_server/main.ts", { HOLD: "for ever" }), name, "game", 0);
  }

  async #start(pod: Pod, release: string): Promise<Pod> {
    const file = pod.container === "gate" ? "gate_server/main.ts" : "game_server/main.ts";
    const data = pod.container === "gate" ? {} : { DATA_DIR: pod.folder };
    const run = Server.launch(this.#t, file, { REDIS_URL: this.redis.url, HOST: "127.0.0.1", VERSION: release, ...data });
    pod.server = await Server.ready(this.#written(run, pod.name, pod.container, pod.restarts));
    return pod;
  }

  #written(run: Run, pod: string, container: string, restart: number): Run {
    const uid = `00000000-0000-4000-8000-${Buffer.from(pod).toString("hex").slice(0, 12).padStart(12, "0")}`;
    const file = new ContainerFile(this.root, { namespace, pod, uid, container, restart }, fileBytesMax);
    if (run.child.stdout !== null) file.follow(run.child.stdout, "stdout");
    if (run.child.stderr !== null) file.follow(run.child.stderr, "stderr");
    this.files.push(file);
    return run;
  }
}
