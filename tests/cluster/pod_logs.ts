/**
 * What the containers of one namespace have said, from their first line to their last, also of pods that are
 * gone. It is read from the node's own files, as the kubelet names them, so it goes on while the API server is away.
 *
 *     <folder>/<namespace>_<pod>_<uid>/<container>/<restart>.log     "<time> stdout F <line>"; P: the line goes on
 */
import { closeSync, globSync, mkdirSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { LogEvent } from "#runtime/log.ts";
import type { Evidence } from "#tests/faults/ledger_crowd.ts";
import { type Said, said } from "#tests/support/said.ts";
import { keepLog, leaksIn } from "#tests/support/secrets.ts";

/** A file's name lives as long as its pod, so a look is often enough that none is missed. */
const lookEveryMs = 100;
const readBytes = 256 * 1024;

/** One start of one container. */
export class ContainerLog implements Evidence {
  readonly pod: string;
  readonly container: string;
  readonly restart: number;
  readonly lines: string[] = [];
  errors = "";
  readonly #file: number;
  readonly #decoder = new StringDecoder();
  /** What has no end yet: of the file, and of a line of the container's. */
  #raw = "";
  #part = "";

  constructor(path: string) {
    const [, pod = "", container = "", restart = ""] = /_([^_]+)_[^_]+\/([^/]+)\/(\d+)\.log$/.exec(path) ?? [];
    this.pod = pod;
    this.container = container;
    this.restart = Number(restart);
    this.#file = openSync(path, "r"); // what is written can be read from now on, even when the file has lost its name
  }

  /** Every event of this kind. */
  said(event: LogEvent): Said[] {
    return said(this.lines, event);
  }

  readOn(): void {
    const buffer = Buffer.alloc(readBytes);
    for (let length = readSync(this.#file, buffer); length > 0; length = readSync(this.#file, buffer))
      this.#raw += this.#decoder.write(buffer.subarray(0, length));
    const lines = this.#raw.split("\n");
    this.#raw = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(line: string): void {
    const [, stream, end, text = ""] = /^\S+ (stdout|stderr) ([PF]) (.*)$/s.exec(line) ?? [];
    if (stream === "stderr") this.errors += `${text}\n`;
    else this.#part += text;
    if (stream === "stderr" || end === "P") return;
    this.lines.push(this.#part);
    this.#part = "";
  }
}

export class PodLogs {
  readonly #pattern: string;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #timer: NodeJS.Timeout;

  /** `folder`: of the node's logs of pods. */
  constructor(folder: string, namespace: string) {
    this.#pattern = join(folder, `${namespace}_*`, "*", "*.log");
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** In the order in which they were started. */
  get all(): readonly ContainerLog[] {
    return [...this.#logs.values()];
  }

  /** Of all containers with this name. */
  of(container: string): ContainerLog[] {
    return this.all.filter((log) => log.container === container);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
    for (const log of this.#logs.values()) log.close();
  }

  /** Gives what was said of these secrets, and keeps all of it where KEEP_LOGS says. */
  leaks(secrets: readonly string[]): string[] {
    return this.all.flatMap(({ pod, container, lines, errors }) => {
      const text = `${lines.join("\n")}\n${errors}`;
      keepLog(`${pod}-${container}`, text, secrets);
      return leaksIn(text, secrets).map(({ what, count }) => `${pod} ${container}: ${what}, ${count} times`);
    });
  }

  /** Writes all of it into a folder, for a person to read. */
  save(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const [at, { pod, container, lines, errors }] of this.all.entries())
      writeFileSync(join(folder, `${String(at).padStart(3, "0")}-${pod}-${container}.log`), `${lines.join("\n")}\n${errors}`);
  }

  #look(): void {
    for (const path of globSync(this.#pattern)) {
      if (this.#logs.has(path)) continue;
      try {
        this.#logs.set(path, new ContainerLog(path));
      } catch {} // gone since: a container that never said anything
    }
    for (const log of this.#logs.values()) log.readOn();
  }
}
