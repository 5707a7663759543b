/**
 * The node's own processes, which a test may kill or freeze as a machine does: the first one of a container,
 * found by its cgroup, and the API server. It does not ask the API server for anything.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { sleep } from "#tests/faults/measure.ts";
import type { Pod } from "./namespace.ts";

const lookEveryMs = 200;

/** Kills the container of a pod as a crash does. */
export function killContainer(pod: Pod): void {
  process.kill(processOf(pod), "SIGKILL");
}

/** Which container a pod has now, as the node knows it. */
export function containerOf(pod: Pod): string {
  const id = pod.status.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, "");
  if (id === undefined) throw new Error(`${pod.metadata.name} has no container`);
  return id;
}

/** Processes that are stopped, in any case not for longer than their test. To be made before the namespace, whose end needs the API server. */
export class Frozen {
  readonly #pids = new Set<number>();
  #stage: "free" | "frozen" | "thawed" = "free";

  constructor(t: TestContext) {
    t.after(() => this.thaw());
  }

  /** Nobody has this cluster's API meanwhile, whatever the namespace. */
  freezeApiServer(): void {
    this.#stage = "frozen";
    this.#stop(pidOf((pid) => commandOf(pid)[1] === "kube-apiserver"));
  }

  /** Whatever runs this command in the pod stands still, its successors too. */
  freezeInPod({ metadata }: Pod, command: string): void {
    this.#stage = "frozen";
    void this.#keep(metadata.uid, command);
  }

  thaw(): void {
    if (this.#stage === "thawed") return;
    this.#stage = "thawed";
    for (const pid of this.#pids) signal(pid, "SIGCONT");
  }

  async #keep(uid: string, command: string): Promise<void> {
    for (; this.#stage === "frozen"; await sleep(lookEveryMs))
      for (const pid of pids()) if (cgroupOf(pid).includes(uid) && commandOf(pid)[0]?.startsWith(command)) this.#stop(pid);
  }

  #stop(pid: number): void {
    if (this.#pids.has(pid)) return;
    this.#pids.add(pid);
    signal(pid, "SIGSTOP");
  }
}

/** The first process of a pod's container. */
function processOf(pod: Pod): number {
  const id = containerOf(pod);
  return pidOf((pid) => cgroupOf(pid).includes(id) && isFirst(pid));
}

function pidOf(isIt: (pid: number) => boolean): number {
  const pid = pids().find(isIt);
  if (pid === undefined) throw new Error("there is no such process on this machine");
  return pid;
}

function pids(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isSafeInteger);
}

/** In the innermost process namespace it is in. */
function isFirst(pid: number): boolean {
  return /^NSpid:.*\t1$/m.test(read(`/proc/${pid}/status`));
}

function cgroupOf(pid: number): string {
  return read(`/proc/${pid}/cgroup`);
}

function commandOf(pid: number): string[] {
  return read(`/proc/${pid}/cmdline`).split("\0");
}

/** What is gone has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {} // gone since
}
