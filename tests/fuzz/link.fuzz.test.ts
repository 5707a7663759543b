/**
 * Fuzzes what is said on links: to a game server by its gate or another server, to a gate by its server, or by a stranger
 * who has proved nothing. The first piece says which, each other one is a message: its kind and its payload, of which a batch
 * is made; or, where there is no such kind, the bytes of a batch as they are.
 */
import assert from "node:assert/strict";
import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { encode, frame } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { ToGateSchema, ToServerSchema } from "#protocol/gen/link_pb.ts";
import { type BatchWriter, LinkGarbage, readToGate, readToServer, ToGateWriter, ToServerWriter } from "#protocol/link.ts";
import { PeerAtHand } from "#tests/support/peer_at_hand.ts";
import { fuzz, type Pieces } from "./fuzzer.ts";
import { hearers, LinkHouse } from "./link_house.ts";
import { messageOf } from "./messages.ts";

const kinds = { say: 1, input: 2, output: 3, ack: 4, confirm: 5 } as const;

/** The names there are in each house. */
const { life, owner, gate } = await (await LinkHouse.open()).names();
const u32 = fc.oneof(fc.nat(4), fc.constantFrom(0xffffffff, 0x80000000));
const sit = encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: "1" } });
const frames = fc.oneof(
  fc.constantFrom(sit, frame(Command.PRINT), frame(Command.STAND_UP), frame(103), new Uint8Array(0)),
  fc.uint8Array({ maxLength: 20 }),
);
const roomJson = JSON.stringify(PeerAtHand.room("dice", "2", { state: { phase: "playing", points: {}, games: {} } }));

const known = {
  ...{
    life: fc.constantFrom(life, "0000000000000002", "00000000000000c1"),
    place: fc.constantFrom(life, ""),
    lives: fc.constantFrom(life),
  },
  ...{ owner: fc.constantFrom(owner, "00000000000000bb"), journal: fc.constantFrom(owner), boot: fc.constantFrom<unknown>(1, 2, gate) },
  ...{ game: fc.constantFrom("dice", "rocket"), room: fc.constantFrom("1", "2", ""), mode: fc.constantFrom("any", "join", "create", "x") },
  ...{ session: u32, sessions: u32, number: u32, handle: u32, after: u32, last: u32, acked: u32, epoch: u32, id: u32, answers: u32 },
  ...{
    claims: fc.constantFrom("{}", "null", "[]", "7", "", "{"),
    options: fc.constantFrom("", "{}", "[", '{"a":1}'),
    offer: fc.constantFrom("e1", "e2"),
  },
  ...{
    value: fc.constantFrom(roomJson, "{}", "null"),
    frame: frames,
    clockMs: fc.constantFrom(0, Number.NaN, 1e300),
    user: fc.constantFrom(1n, 99n, 2n),
  },
  ...{ users: fc.constantFrom(1n, 99n), stage: fc.constantFrom("serving", "draining"), seat: fc.constantFrom(-1, 0, 99_999) },
};

function message(kind: number, ...payload: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(kind), ...payload]));
}

function u32s(...numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * at);
  return bytes;
}

const toServer = fc.oneof(
  { weight: 4, arbitrary: messageOf(ToServerSchema, known).map((said) => message(kinds.say, toBinary(ToServerSchema, said))) },
  {
    weight: 1,
    arbitrary: fc.tuple(u32, u32, frames).map(([session, number, bytes]) => message(kinds.input, u32s(session, number), bytes)),
  },
  { weight: 1, arbitrary: fc.tuple(u32, u32).map((numbers) => message(kinds.confirm, u32s(...numbers))) },
);
const toGate = fc.oneof(
  { weight: 4, arbitrary: messageOf(ToGateSchema, known).map((said) => message(kinds.say, toBinary(ToGateSchema, said))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(u32, u32, frames)
      .map(([room, number, bytes]) => message(kinds.output, u32s(room, number), Uint8Array.of(0, 0, 1), u32s(1), bytes)),
  },
  { weight: 1, arbitrary: fc.tuple(u32, u32).map((numbers) => message(kinds.ack, u32s(...numbers))) },
);

fuzz({
  name: "link",
  fresh: fc
    .constantFrom(...hearers)
    .chain((hearer) =>
      fc
        .array(hearer === "gate" ? toGate : toServer, { minLength: 1, maxLength: 6 })
        .map((said) => [new Uint8Array(Buffer.from(hearer)), ...said]),
    ),
  words: [life, owner, gate, "dice", "__proto__", "\u0000\u0000\u0000\u0001", "\u00ff\u00ff\u00ff\u00ff"],
  async take([first = new Uint8Array(0), ...messages]) {
    const hearer = hearers.find((name) => name.charCodeAt(0) === first[0] && name.charCodeAt(1) === first[1]) ?? "stranger";
    const batches = batchesOf(messages);
    for (const batch of batches) {
      checkReading(batch, rewriteToServer);
      checkReading(batch, rewriteToGate);
    }
    await (await LinkHouse.open()).hear(hearer, batches);
  },
});

/** One batch of all that are messages, and one of each that is none. */
function batchesOf(messages: Pieces): Uint8Array[] {
  const isMessage = ([kind = 0]: Uint8Array): boolean => kind >= 1 && kind <= 5;
  const framed = messages.filter(isMessage).flatMap((bytes) => [u32s(bytes.length), bytes]);
  return [new Uint8Array(Buffer.concat(framed)), ...messages.filter((bytes) => !isMessage(bytes))];
}

/** Reads a batch, and writes down what it has read. @throws {LinkGarbage} */
type Rewrite = (batch: Uint8Array) => { readonly bytes: Uint8Array; readonly isExact: boolean; readonly garbage: unknown };

const rewriteToServer: Rewrite = (batch) => {
  const writer = new ToServerWriter();
  return rewritten(writer, (loosely) =>
    readToServer(batch, {
      input: (session, number, input) => writer.input(session, number, input),
      confirm: (handle, number) => loosely(() => writer.confirm(handle, number)),
      say: ({ say }) => loosely(() => writer.say(say)),
    }),
  );
};

const rewriteToGate: Rewrite = (batch) => {
  const writer = new ToGateWriter();
  return rewritten(writer, (loosely) =>
    readToGate(batch, {
      output: (handle, number, flags, sessions, output) => writer.output(handle, number, flags, [...sessions], output),
      ack: (session, number) => loosely(() => writer.ack(session, number)),
      say: ({ say }) => loosely(() => writer.say(say)),
    }),
  );
};

/** `loosely`: the message may have more behind it, which a newer release knows. */
function rewritten(writer: BatchWriter, read: (loosely: (write: () => void) => void) => void): ReturnType<Rewrite> {
  let isExact = true;
  let garbage: unknown;
  try {
    read((write) => {
      isExact = false;
      write();
    });
  } catch (thrown) {
    assert.ok(thrown instanceof LinkGarbage && thrown.message.length < 200, `something else is thrown: ${thrown}`);
    garbage = thrown;
  }
  return { bytes: writer.take(), isExact: isExact && garbage === undefined, garbage };
}

/** What is read and written down is what was there; anything else is garbage. */
function checkReading(batch: Uint8Array, rewrite: Rewrite): void {
  const before = Uint8Array.from(batch);
  const { bytes, isExact } = rewrite(batch);
  assert.deepEqual(batch, before, "the batch is changed");
  if (isExact) assert.deepEqual(bytes, before);
  const again = rewrite(bytes);
  assert.deepEqual([again.bytes, again.garbage], [bytes, undefined]);
}
