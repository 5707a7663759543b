/** The tables of ops/LOGS.md, made of the lists of events and fields themselves. */
import { logEvents } from "#runtime/log_events.ts";
import { logFields } from "#runtime/log_fields.ts";
import { tableOf } from "./marked.ts";

export function eventsTable(): string {
  const rows = Object.entries(logEvents).map(([event, { levels, about }]) => [`\`${event}\``, levels.join(", "), about]);
  return tableOf(["`event.action`", "level", "what has happened"], rows);
}

export function fieldsTable(): string {
  const rows = Object.entries(logFields).map(([field, { type, about }]) => [`\`${field}\``, type, about]);
  return tableOf(["field", "type", "what it is"], rows);
}
