/**
 * What metrics cost: two processes of single mode, one with METRICS=on and scraped, one with
 * METRICS=off, are loaded in turns until they can do no more, within one run, so that their ratio
 * holds on a noisy machine. Every input is applied, written down and answered (with a refusal).
 *
 *     npm run bench:metrics
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { encode } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";

const players = 64;
/** Inputs of one player under way. */
const inFlight = 8;
const rounds = 16;
const roundMs = 2000;
const root = new URL("../", import.meta.url).pathname;
const key = new Uint8Array(Buffer.from("ZGVmYXVsdF9rZXk=", "base64"));
const roll = encode(DiceCommand.SHAKE, Int32Schema, { v: 0 });
/** Ticks of /proc. */
const tickMs = 10;

type Metrics = "on" | "off";

class Loaded {
  readonly metrics: Metrics;
  readonly #child: ChildProcess;
  readonly #adminPort: number;
  readonly #sockets: WebSocket[] = [];
  #stage: "idle" | "loaded" = "idle";
  #answers = 0;

  private constructor(metrics: Metrics, child: ChildProcess, adminPort: number) {
    this.metrics = metrics;
    this.#child = child;
    this.#adminPort = adminPort;
  }

  static async start(metrics: Metrics, folder: string): Promise<Loaded> {
    const settings = {
      PORT: "0",
      ADMIN_PORT: "0",
      MESSAGES_PER_SECOND: "0",
      LOG_LEVEL: "info",
      DATA_DIR: join(folder, metrics),
      METRICS: metrics,
    };
    const child = spawn(process.execPath, ["single.ts"], {
      cwd: root,
      env: { ...process.env, ...settings },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('"url.port"')) continue;
      const ports = JSON.parse(line) as { "url.port": number; "admin.port": number };
      child.stdout.resume();
      const loaded = new Loaded(metrics, child, ports["admin.port"]);
      for (let user = 1; user <= players; user++) await loaded.#sitDown(ports["url.port"], user);
      return loaded;
    }
    throw new Error("the server has not started");
  }

  /** Processor time that one input took, microseconds, and inputs in a second. */
  async round(): Promise<{ cpuUs: number; perSecond: number }> {
    const [cpuMs, answers, startMs] = [this.#cpuMs(), this.#answers, performance.now()];
    this.#stage = "loaded";
    for (const socket of this.#sockets) for (let input = 0; input < inFlight; input++) socket.send(roll);
    await sleep(roundMs / 2);
    if (this.metrics === "on") await (await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`)).text();
    await sleep(roundMs / 2);
    this.#stage = "idle";
    await sleep(200); // what is under way is answered
    const inputs = this.#answers - answers;
    return { cpuUs: ((this.#cpuMs() - cpuMs) * 1000) / inputs, perSecond: (inputs * 1000) / (performance.now() - startMs) };
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  async #sitDown(port: number, user: number): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}?token=${await mintToken(user, key)}`);
    await once(socket, "open");
    socket.send(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: String(user) } }));
    await once(socket, "message");
    socket.send(roll);
    socket.on("message", () => {
      this.#answers += 1;
      if (this.#stage === "loaded") socket.send(roll);
    });
    this.#sockets.push(socket);
  }

  #cpuMs(): number {
    const [, after = ""] = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ");
    const fields = after.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }
}

const folder = mkdtempSync(join(tmpdir(), "bench-metrics-"));
const [on, off] = [await Loaded.start("on", folder), await Loaded.start("off", folder)];
const sums: Record<Metrics, number> = { on: 0, off: 0 };
for (let round = 0; round <= rounds; round++) {
  const order = round % 2 === 0 ? [on, off] : [off, on];
  for (const loaded of order) {
    const { cpuUs, perSecond } = await loaded.round();
    process.stdout.write(`round ${round}: metrics ${loaded.metrics}: ${cpuUs.toFixed(1)} µs an input, ${perSecond.toFixed(0)}/s\n`);
    if (round > 0) sums[loaded.metrics] += cpuUs; // the first warms up
  }
}
await Promise.all([on.stop(), off.stop()]);
rmSync(folder, { recursive: true });
process.stdout.write(
  `processor time of an input, mean of ${rounds} rounds: ${(sums.on / rounds).toFixed(2)} µs with metrics, ${(sums.off / rounds).toFixed(2)} µs without: ${(sums.on / sums.off).toFixed(3)}\n`,
);
process.exit(0);
