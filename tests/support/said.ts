/** Log lines of our processes, as tests read them. */
import type { LogEvent, LogFields } from "#runtime/log.ts";
import type { LogLevel } from "#runtime/log_events.ts";

export type Said = Omit<LogFields, "err"> & {
  readonly "@timestamp": string;
  readonly message: string;
  readonly "log.level": LogLevel;
  readonly "service.name": string;
  readonly "service.version": string;
  readonly "event.action": LogEvent;
};

/** Whether a line says that this has happened, or one of these. */
export function says(...events: LogEvent[]): (line: string) => boolean {
  const marks = events.map((event) => `"event.action":"${event}"`);
  return (line) => marks.some((mark) => line.includes(mark));
}

export function read(line: string): Said {
  return JSON.parse(line) as Said;
}

/** What was said of these events, in order. */
export function said(lines: readonly string[], ...events: LogEvent[]): Said[] {
  return lines.filter(says(...events)).map(read);
}
