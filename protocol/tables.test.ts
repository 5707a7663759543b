/** The two tables, refusals and close codes, against PROTOCOL §1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceFor, closeCodes } from "./close_codes.ts";
import { decode } from "./frame.ts";
import { ErrorResponse_Code, ErrorResponseSchema } from "./gen/frame_pb.ts";
import { Refused, refusals, toRefused } from "./refusals.ts";
import { errorFrame } from "./system_frames.ts";

test("[PROTOCOL §1.4] every code of the schema but Success has one row", () => {
  const codes = Object.values(refusals).map(({ code }) => code);
  assert.deepEqual(
    codes.toSorted(),
    Object.values(ErrorResponse_Code)
      .filter((code) => code !== 0)
      .toSorted(),
  );
});

test("[PROTOCOL §1.4] the words people already know", () => {
  assert.equal(new Refused("unknownCommand", { of: 77 }).desc, "unknown command: 77");
  assert.deepEqual(
    [refusals.statusMismatch.desc, refusals.watcherOperate.desc, refusals.fail.desc],
    ["status mismatch", "watcher can't operate", ""],
  );
});

test("[PROTOCOL §1.4] anything thrown becomes Fail, with its text as detail and in development only", () => {
  const refused = toRefused(new Error("boom"));
  const told = (development: boolean) => decode(ErrorResponseSchema, errorFrame(refused, development).subarray(4));
  assert.deepEqual([told(true).code, told(true).desc, told(true).detail], [1, "", "boom"]);
  assert.equal(told(false).detail, "");
});

test("[PROTOCOL §1.5] the ranges say whether to come back, for codes nobody knows too", () => {
  const advice = [1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1012, 1013, 4000, 4401, 4429, 4499, 4500, 4999].map(adviceFor);
  const fix = "fix the client";
  assert.deepEqual(advice, [
    "stay away",
    "come back",
    fix,
    fix,
    "come back",
    fix,
    fix,
    fix,
    "come back",
    "back off",
    "come back",
    "come back",
    "back off",
    "come back",
    "stay away",
    "stay away",
  ]);
});

test("[PROTOCOL §1.5] every reason fits a close frame", () => {
  for (const { reason } of Object.values(closeCodes)) assert.ok(Buffer.byteLength(reason) <= 123);
});
