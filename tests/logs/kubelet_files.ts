/**
 * The log files of containers, written as a container runtime and the kubelet write them, for processes that have neither:
 *
 *     <root>/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restart>.log     "<time> stdout F <line>"
 *
 * A line longer than 16 KiB is written in parts (P, …, F), and a file that has grown too large is renamed and begun anew:
 * `<restart>.log.20261122-000001`. What the kubelet does to older ones (.gz) is left out.
 */
import { appendFileSync, globSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Collector } from "./collector.ts";

const partBytes = 16 * 1024;

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly restart: number;
}

/** One start of one container. */
export class ContainerFile {
  readonly path: string;
  readonly #bytesMax: number;
  #bytes = 0;
  #rotations = 0;

  /** `bytesMax`: the kubelet's `containerLogMaxSize`. */
  constructor(root: string, { namespace, pod, uid, container, restart }: ContainerName, bytesMax: number) {
    this.path = join(root, "var/log/pods", `${namespace}_${pod}_${uid}`, container, `${restart}.log`);
    this.#bytesMax = bytesMax;
    mkdirSync(dirname(this.path), { recursive: true });
  }

  get rotations(): number {
    return this.#rotations;
  }

  /** Everything that a stream says from now on. */
  follow(from: Readable, stream: "stdout" | "stderr"): void {
    const decoder = new StringDecoder();
    let rest = "";
    from.on("data", (data: Buffer) => {
      const lines = (rest + decoder.write(data)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.write(stream, line);
    });
    from.on("end", () => {
      if (rest !== "") this.write(stream, rest);
    });
  }

  write(stream: "stdout" | "stderr", line: string): void {
    const time = now();
    const bytes = Buffer.from(line);
    let at = 0;
    for (; bytes.length - at > partBytes; at += partBytes) this.#append(time, stream, "P", bytes.subarray(at, at + partBytes));
    this.#append(time, stream, "F", bytes.subarray(at));
  }

  #append(time: string, stream: string, end: "P" | "F", text: Buffer): void {
    const line = Buffer.concat([Buffer.from(`${time} ${stream} ${end} `), text, Buffer.from("\n")]);
    if (this.#bytes + line.length > this.#bytesMax && this.#bytes > 0) this.#rotate();
    appendFileSync(this.path, line);
    this.#bytes += line.length;
  }

  #rotate(): void {
    this.#rotations += 1;
    renameSync(this.path, `${this.path}.20261122-${String(this.#rotations).padStart(6, "0")}`);
    this.#bytes = 0;
  }
}

/** Has a collector that has read nothing yet read all files there are, each by the name that it has now. */
export function collectFiles(collector: Collector, root: string): void {
  const paths = globSync(join(root, "var/log/pods/*/*/*")).map((file) => file.slice(root.length));
  for (const path of collector.finds(paths)) {
    const file = join(root, path);
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) collector.take(path, linesOf(readFileSync(file)));
  }
  collector.flush();
}

/** A part of a line may end in the middle of a character: Fluentd joins bytes, so the text is read as bytes here, too. */
function linesOf(bytes: Buffer): string[] {
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

let lastNs = 0n;
const originNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** To the nanosecond, and never twice the same, as no runtime writes two lines at once. */
function now(): string {
  const ns = originNs + process.hrtime.bigint();
  lastNs = ns > lastNs ? ns : lastNs + 1n;
  const seconds = new Date(Number(lastNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(lastNs % 1_000_000_000n).padStart(9, "0")}Z`;
}
