/** What lines about a seat, and about a frame, say of it. */
import { bodyOf, commandOf, type Frame } from "#protocol/frame.ts";
import type { LogFields } from "#runtime/log.ts";
import { sessionFields } from "#runtime/log_fields.ts";
import type { Seat } from "./seats.ts";

/** Who sits there, and by which session, if there is one. */
export function seatFields({ user, index, way }: Seat): LogFields {
  return { seat: index, ...(way.is === "offline" ? { "user.id": user } : sessionFields(way.gate, way.session, user)) };
}

export function frameFields(frame: Frame): LogFields {
  return { "frame.command": commandOf(frame), "frame.bytes": bodyOf(frame).length };
}
