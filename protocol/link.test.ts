/** The link's batches: what is written is read, and garbage is garbage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LinkGarbage, outputFlags, readToGate, readToServer, ToGateWriter, ToServerWriter } from "./link.ts";

const frameBytes = fc.uint8Array({ maxLength: 300 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("[link] a batch to a gate is read as it was written, in order", () => {
  const said = fc.oneof(
    fc.tuple(fc.constant("output" as const), u32, u32, fc.integer({ min: 0, max: 3 }), fc.array(u32, { maxLength: 70 }), frameBytes),
    fc.tuple(fc.constant("ack" as const), u32, u32),
    fc.tuple(fc.constant("say" as const), fc.string()),
  );
  fc.assert(
    fc.property(fc.array(said, { maxLength: 20 }), (messages) => {
      const writer = new ToGateWriter();
      for (const message of messages) {
        if (message[0] === "output") writer.output(message[1], message[2], message[3], message[4], message[5]);
        else if (message[0] === "ack") writer.ack(message[1], message[2]);
        else writer.say({ case: "goodbye", value: { sentence: message[1] } });
      }
      const read: unknown[] = [];
      readToGate(writer.take(), {
        output: (room, number, flags, sessions, frame) => read.push(["output", room, number, flags, [...sessions], Uint8Array.from(frame)]),
        ack: (session, number) => read.push(["ack", session, number]),
        say: ({ say }) => read.push(["say", say.case === "goodbye" ? say.value.sentence : say.case]),
      });
      assert.deepEqual(read, messages);
    }),
  );
});

test("[link] inputs of a batch to a server keep their order", () => {
  const writer = new ToServerWriter();
  writer.input(1, 1, new Uint8Array([1, 2]));
  writer.say({ case: "leave", value: { session: 1, number: 2 } });
  writer.confirm(7, 9);
  writer.input(2, 1, new Uint8Array(0));
  const read: string[] = [];
  readToServer(writer.take(), {
    input: (session, number, frame) => read.push(`input ${session}/${number} ${frame.length}`),
    confirm: (room, number) => read.push(`confirm ${room}/${number}`),
    say: ({ say }) => read.push(say.case ?? ""),
  });
  assert.deepEqual(read, ["input 1/1 2", "leave", "confirm 7/9", "input 2/1 0"]);
});

test("[PROTOCOL §7] whatever the bytes, reading ends in LinkGarbage or not at all", () => {
  const ignore = { output: () => {}, ack: () => {}, input: () => {}, confirm: () => {}, say: () => {} };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of [() => readToGate(bytes, ignore), () => readToServer(bytes, ignore)]) {
        try {
          read();
        } catch (thrown) {
          assert.ok(thrown instanceof LinkGarbage, String(thrown));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("[PROTOCOL §7] a cut batch is garbage wherever it is cut", () => {
  const writer = new ToGateWriter();
  writer.output(1, 1, outputFlags.ends, [1, 2], new Uint8Array(10));
  const batch = writer.take();
  const ignore = { output: () => {}, ack: () => {}, say: () => {} };
  for (let length = 1; length < batch.length; length++) assert.throws(() => readToGate(batch.subarray(0, length), ignore), LinkGarbage);
});

test("[link] a message for the other side is garbage", () => {
  const writer = new ToGateWriter();
  writer.ack(1, 1);
  assert.throws(() => readToServer(writer.take(), { input: () => {}, confirm: () => {}, say: () => {} }), LinkGarbage);
});
