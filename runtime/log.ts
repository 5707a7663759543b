/**
 * The log: ECS JSON on standard output, one line per event, with events and fields from
 * two closed lists (`log_events.ts`, `log_fields.ts`). No line carries a token, a key or a query
 * string, at any level; text that came from a client is cut, and JSON keeps its line breaks
 * inside the line. How lines are written is log_output.ts's business.
 */
import { ecsFormat } from "@elastic/ecs-pino-format";
import pino from "pino";
import type { LogEvent, LogLevel } from "./log_events.ts";
import type { LogFields } from "./log_fields.ts";
import { LogOutput } from "./log_output.ts";

export type { LogEvent } from "./log_events.ts";
export type { LogFields } from "./log_fields.ts";

/** Longest text of one field, in characters. */
export const fieldCharactersMax = 512;
/** Longest stack of what was thrown, in characters: some thirty calls. */
const stackCharactersMax = 4096;

/** What code that logs asks for. */
export interface Log {
  /** Whether lines of `debug` are written: ask before reckoning what they say on a hot path. */
  readonly isDebug: boolean;
  debug(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  error(event: LogEvent, fields?: LogFields): void;
  /** A log whose every line carries `fields`. */
  with(fields: LogFields): Log;
}

interface LogOptions {
  /** `service.name`: gate, game_server or croupier. */
  service: string;
  version: string;
  level: string;
  /** `service.node.name`: one start of one process. */
  node: string;
  /** For a person at a terminal; undefined for what is no line. Left out: JSON. */
  readable?(line: string): string | undefined;
}

/** The log of a process. Its level, and that of every log made of it, can be changed while it runs. */
export interface ProcessLog extends Log {
  level: string;
  /** Lines that nobody read in time. */
  readonly dropped: number;
  /** Lines are written whatever the level: who changes something, also the level, is known. */
  readonly audit: Log;
}

export function openLog({ service, version, level, node, readable }: LogOptions): ProcessLog {
  const format = ecsFormat({ serviceName: service, serviceVersion: version, serviceNodeName: node });
  const output = new LogOutput({ onGap: (lines) => log.warn("log gap", { "log.dropped": lines }) });
  const write = (line: string): void => output.write(readable === undefined ? oneLine(line) : `${readable(line.trimEnd())}\n`);
  const loggerFrom = (least: string): pino.Logger => pino({ ...format, level: least }, { write });
  const log = new RootLog(loggerFrom(level), loggerFrom("info"), output);
  return log;
}

/** Fields as they are written. */
type LogLine = Record<string, unknown>;

class PinoLog implements Log {
  readonly #pino: pino.Logger;
  /** What every line says, as it is written. */
  readonly #context: Readonly<LogLine>;

  constructor(logger: pino.Logger, context: Readonly<LogLine> = {}) {
    this.#pino = logger;
    this.#context = context;
  }

  get isDebug(): boolean {
    return this.#pino.isLevelEnabled("debug");
  }

  debug(event: LogEvent, fields?: LogFields): void {
    this.#write("debug", event, fields);
  }

  info(event: LogEvent, fields?: LogFields): void {
    this.#write("info", event, fields);
  }

  warn(event: LogEvent, fields?: LogFields): void {
    this.#write("warn", event, fields);
  }

  error(event: LogEvent, fields?: LogFields): void {
    this.#write("error", event, fields);
  }

  /** No child of pino's: those keep the level they were made with, and write a field twice that a line says, too. */
  with(fields: LogFields): Log {
    return new PinoLog(this.#pino, sayInto({ ...this.#context }, fields));
  }

  #write(level: LogLevel, event: LogEvent, fields: LogFields = {}): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const reason = fields["event.reason"];
    const line = sayInto({ "event.action": event, ...this.#context }, fields);
    this.#pino[level](line, reason === undefined ? event : `${event}: ${cutText(reason)}`);
  }
}

class RootLog extends PinoLog implements ProcessLog {
  readonly audit: Log;
  readonly #logger: pino.Logger;
  readonly #output: LogOutput;

  constructor(logger: pino.Logger, audit: pino.Logger, output: LogOutput) {
    super(logger);
    this.audit = new PinoLog(audit);
    this.#logger = logger;
    this.#output = output;
  }

  get level(): string {
    return this.#logger.level;
  }

  set level(level: string) {
    this.#logger.level = level;
  }

  get dropped(): number {
    return this.#output.dropped;
  }
}

/** The log of tests and tools that want none. */
export const silentLog: Log = {
  isDebug: false,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

/** Of `log` only what operators must hear of, whoever caused it. */
export function errorsOnly(log: Log): Log {
  return {
    ...silentLog,
    warn: (event, fields) => log.warn(event, fields),
    error: (event, fields) => log.error(event, fields),
    with: (fields) => errorsOnly(log.with(fields)),
  };
}

/** Puts fields into `line` as they are written. */
function sayInto(line: LogLine, { err, ...fields }: LogFields): LogLine {
  for (const [name, value] of Object.entries(fields)) line[name] = typeof value === "string" ? cutText(value) : value;
  return err === undefined ? line : Object.assign(line, errorFields(err));
}

function errorFields(err: unknown): LogLine {
  if (!(err instanceof Error)) return { "error.message": cutText(textOf(() => err)) };
  return {
    "error.type": cutText(textOf(() => err.name)),
    "error.message": cutText(textOf(() => err.message)),
    "error.stack_trace": cutText(
      textOf(() => err.stack ?? ""),
      stackCharactersMax,
    ),
  };
}

/** Anything may be thrown, also what cannot be said, or asked for. */
function textOf(ask: () => unknown): string {
  try {
    return String(ask());
  } catch {
    return "what was thrown cannot be said";
  }
}

/** Half a character at the cut, or in what a client said, is replaced: collectors refuse it. */
function cutText(text: string, charactersMax = fieldCharactersMax): string {
  return (text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text).toWellFormed();
}

/** Characters that JSON leaves as they are, and that some readers end a line at, or obey. */
function oneLine(line: string): string {
  return lineEnds.test(line)
    ? line.replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : line;
}

const lineEnds = /[\u007f-\u009f\u2028\u2029]/;
