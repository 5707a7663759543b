/**
 * What every process of ours shares around its own work: settings that stop the start, the
 * log, the admin listener, signals, and what happens when an assumption breaks.
 */
import { hostname } from "node:os";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { Admin } from "./admin.ts";
import { type Clock, systemClock } from "./clock.ts";
import { addDrainRoutes } from "./drain_routes.ts";
import { type Entropy, hex64, systemEntropy } from "./entropy.ts";
import { type Leaving, Lifecycle } from "./lifecycle.ts";
import { type Log, openLog, type ProcessLog } from "./log.ts";
import { addLogLevelRoutes } from "./log_level.ts";
import type { Metrics } from "./metrics.ts";
import { readPages } from "./pages.ts";
import { processMetrics } from "./process_metrics.ts";
import type { ServiceName } from "./process_views.ts";
import { FileSecrets, type Secrets } from "./secrets.ts";
import { defaultKeysInUse, readSettings, SettingError, type Settings } from "./settings.ts";

/** EX_CONFIG of sysexits.h: a configuration error, restarting does not help. */
export const exitConfiguration = 78;

/** Under `npm start` one Ctrl-C arrives twice within the same millisecond. */
const npmEchoMs = 100;
/** A process that may exit waits so long for its connections to close. */
const stopTimeoutMs = 3000;

const standardOutput = 1;

/** What `npm run pages` has built. It asks whichever other processes the operator names. */
const operatorPage = fileURLToPath(new URL("../clients/web/dist/operator", import.meta.url));

/** What a process is made of; its own files make it. */
export interface Service extends Leaving {
  /** Opens its ports; gives the port of clients. */
  start(): Promise<number>;
  stop(): Promise<void>;
  /** "ok", or one word that says why not. */
  readonly ready: string;
  /** For a person at a terminal: what a drain still waits for. */
  readonly waitsFor: string;
  register(metrics: Metrics): void;
  /** What operators may ask and tell it, beside `/drain`. */
  addRoutes(server: FastifyInstance): void;
}

/** What a service is given. */
export interface Context {
  readonly settings: Settings;
  /** Those of the settings, or what their files have by now. */
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly lifecycle: Pick<Lifecycle, "stage" | "leftMs" | "settle">;
}

/** Where a started process listens. */
export interface Started {
  readonly settings: Settings;
  readonly port: number;
  readonly adminPort: number;
}

/**
 * Runs a process until it has left service, then exits with 0. A wrong setting, an argument
 * (there are none but what somebody else has read) or a taken port ends it with one sentence and exit code 78.
 */
export async function run(
  name: ServiceName,
  make: (context: Context) => Service | Promise<Service>,
  onStarted: (started: Started) => Promise<void> = async () => {},
  [argument]: readonly string[] = process.argv.slice(2),
): Promise<void> {
  try {
    if (argument !== undefined) throw new SettingError(`unknown argument ${JSON.stringify(argument)}: settings come from the environment.`);
    await serve(name, readSettings(process.env), make, onStarted);
  } catch (thrown) {
    process.stderr.write(`croupier: ${sentence(thrown)}\n`);
    process.exit(exitConfiguration);
  }
}

async function serve(
  name: ServiceName,
  settings: Settings,
  make: (context: Context) => Service | Promise<Service>,
  onStarted: (started: Started) => Promise<void>,
): Promise<void> {
  const clock = systemClock;
  const entropy = systemEntropy;
  const log = await openProcessLog(name, settings, hex64(entropy));
  stopOnBrokenAssumption(log);
  let onSignal = (): void => leaveAtOnce(log);
  onSignals(() => onSignal(), clock);
  const lifecycle: Lifecycle = new Lifecycle(() => service, { clock, log, deadlineMs: settings.drainDeadlineMs });
  const secrets = new FileSecrets(settings, { env: process.env, clock, log });
  const metrics = settings.metrics === "on" ? processMetrics(name, settings, lifecycle) : undefined;
  metrics?.total("croupier_log_lines_dropped_total", () => log.dropped);
  metrics?.gauge("croupier_secrets_faulty", () => Number(secrets.isFaulty));
  let ready = (): string => "starting";
  const admin = new Admin({
    ...{ host: settings.adminHost, port: settings.adminPort, origins: settings.adminOrigins, clock, log: log.audit, metrics },
    about: { service: name, release: settings.version, machine: hostname(), startedAtMs: clock.wall() },
    page: readPages(operatorPage, { connectTo: ["http:", "https:"] }),
    tokens: () => secrets.adminTokens,
    ready: () => ready(),
  });
  const adminPort = await admin.listen(); // first of all: a start may wait, and is alive
  secrets.start();
  log.info("start", { "admin.port": adminPort });
  for (const key of defaultKeysInUse(settings))
    log.warn("warning", { "event.reason": `${key} has its public development value: anyone can sign with it` });

  const service = await make({ settings, secrets, clock, entropy, log, lifecycle });
  if (metrics !== undefined) service.register(metrics);
  await admin.serve([
    (server) => addDrainRoutes(server, lifecycle, service),
    (server) => addLogLevelRoutes(server, log),
    (server) => service.addRoutes(server),
  ]);
  const port = await service.start();
  ready = () => (lifecycle.stage === "serving" ? service.ready : "draining");
  onSignal = () => {
    lifecycle.signal();
    tellTerminal(lifecycle, service);
  };
  log.info("ready", { "url.port": port, "admin.port": adminPort });
  await onStarted({ settings, port, adminPort });

  await lifecycle.gone;
  await Promise.race([
    Promise.all([service.stop(), admin.close()]),
    new Promise((resolve) => clock.after(stopTimeoutMs, () => resolve(undefined))),
  ]);
  log.info("stop");
  process.exit(0);
}

/** In development a person at a terminal reads lines for people; everybody else gets JSON. */
async function openProcessLog(service: ServiceName, { version, logLevel: level, env }: Settings, node: string): Promise<ProcessLog> {
  const options = { service, version, level, node };
  if (env !== "dev" || !isatty(standardOutput)) return openLog(options);
  const { openReadable } = await import("./log_readable.ts");
  return openLog({ ...options, readable: openReadable({ colors: process.env["NO_COLOR"] === undefined }) });
}

/** A process that is not ready yet serves nobody: it has nothing to leave. */
function leaveAtOnce(log: Log): void {
  log.info("stop");
  process.exit(0);
}

/** A person who pressed Ctrl-C learns what becomes of the rooms. */
function tellTerminal({ stage }: Lifecycle, { drainKind, waitsFor }: Service): void {
  if (!process.stdout.isTTY) return;
  if (stage === "draining" && drainKind === "park") process.stdout.write(`\nParked ${waitsFor}: the next start goes on with them.\n`);
  else if (stage === "draining") process.stdout.write(`\nWaiting for ${waitsFor} to end. Press Ctrl-C again to end them now.\n`);
  if (stage === "dissolving" && drainKind !== "park") process.stdout.write("\nEnding them.\n");
}

function sentence(thrown: unknown): string {
  if (thrown instanceof SettingError) return thrown.message;
  const { code, port, address } = thrown as { code?: string; port?: number; address?: string };
  if (code === "EADDRINUSE") return `port ${port} is in use: another process listens there.`;
  if (code === "EACCES" && port !== undefined) return `port ${port} may not be opened by this user.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return `${address ?? "the listen address"} is no address of this machine.`;
  throw thrown;
}

/** A broken assumption of ours stops the process loudly. */
function stopOnBrokenAssumption(log: Log): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (err: unknown) => {
      log.error("failure", { err, "event.reason": event });
      process.exit(1);
    });
  }
}

/** Calls `signal` at each SIGTERM and SIGINT; under `npm start` an echo within 100 ms counts once. */
function onSignals(signal: () => void, clock: Clock): void {
  const isUnderNpmStart = process.env["npm_lifecycle_event"] === "start";
  const lastMs = new Map<string, number>();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      const now = clock.now();
      const isEcho = isUnderNpmStart && now - (lastMs.get(name) ?? Number.NEGATIVE_INFINITY) < npmEchoMs;
      lastMs.set(name, now);
      if (!isEcho) signal();
    });
  }
}
