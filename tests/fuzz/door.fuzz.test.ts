/**
 * Fuzzes the public port of a gate, bytes on a real socket: HTTP, the upgrade, and WebSocket frames. A piece is what is
 * written at once. Every connection ends soon after its client's end, has heard nothing but declared answers and close codes, and
 * somebody who plays meanwhile does not notice.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, type TestContext } from "node:test";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { frame } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { type House, openHouse } from "#tests/support/house.ts";
import { Player, sitDown } from "#tests/support/player.ts";
import { request, upgradeHeaders, webSocketFrame } from "#tests/support/raw.ts";
import { fuzz, type Pieces } from "./fuzzer.ts";
import { signed } from "./signed.ts";

/** PROTOCOL §1.1 and §1.6; 500 is none of them. */
const statuses = new Set([100, 101, 200, 400, 401, 403, 404, 405, 408, 417, 426, 429, 431, 503]);
/** Ours, and whatever the client has closed with, which it hears again; 1004 to 1006 are never on the wire. */
const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
const endsWithinMs = 5000;

const good = signed({ id: 5 });
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const upgrade = (line: string, headers: Record<string, string> = {}): Uint8Array =>
  bytes(request(line, { Host: "test", ...upgradeHeaders, ...headers }));
const requestLine = fc.oneof(
  fc.constantFrom(
    `GET /?token=${good}`,
    `GET /rooms?game=dice`,
    "GET /",
    "HEAD /rooms",
    "POST /",
    "GET http://[",
    "OPTIONS *",
    "CONNECT x:1",
    "GET /?token=a&token=b",
  ),
  fc.tuple(fc.constantFrom("GET", "PUT", "get", ""), fc.webPath()).map(([method, path]) => `${method} ${path}`),
);
const headers = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      "Sec-WebSocket-Protocol",
      "Authorization",
      "Content-Length",
      "Transfer-Encoding",
      "Connection",
      "Upgrade",
      "Origin",
      "Expect",
      "X-Forwarded-For",
      "Sec-WebSocket-Extensions",
    ),
    fc.string(),
  ),
  fc.oneof(
    fc.constantFrom(
      "bearer",
      `bearer, ${good}`,
      `Bearer ${good}`,
      "chunked",
      "close",
      "7",
      "websocket",
      "permessage-deflate",
      "100-continue",
      "::1, 10.0.0.1",
    ),
    fc.string(),
  ),
  { maxKeys: 4 },
);
const asked = fc
  .tuple(requestLine, fc.boolean(), headers)
  .map(([line, isUpgrade, more]) => bytes(request(line, { Host: "test", ...(isUpgrade && upgradeHeaders), ...more })));
const said = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(0x82, 0x82, 0x02, 0x80, 0x00, 0x81, 0x88, 0x89, 0x8a, 0xc2, 0x83), fc.uint8Array({ maxLength: 130 }))
      .map(([first, payload]) => webSocketFrame(first, payload)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(sitDown({}), frame(103), frame(Command.PRINT), frame(Command.STAND_UP))
      .map((one) => webSocketFrame(0x82, one)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(255), fc.boolean(), fc.nat(70_000))
      .map(([first, masked, length]) => webSocketFrame(first, new Uint8Array(8), { masked, length })),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
);

fuzz({
  name: "door",
  fresh: fc.oneof(
    fc.array(said, { maxLength: 8 }).map((frames) => [upgrade(`GET /?token=${good}`), ...frames]),
    fc.array(asked, { minLength: 1, maxLength: 3 }),
    fc.tuple(asked, fc.array(said, { maxLength: 3 })).map(([first, frames]) => [first, ...frames]),
  ),
  words: [
    "\r\n\r\n",
    "\r\n",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\n",
    good,
    "HTTP/1.1",
    "HTTP/2.0",
    "\u0088\u0080",
    "%00",
    "token=",
  ],
  take: async (pieces) => (await Street.open()).meet(pieces),
});

/** A gate of this process, and somebody who plays there, for all inputs of a test. */
class Street {
  static #opened: Promise<Street> | undefined;
  readonly #house: House;
  readonly #neighbour: Player;

  private constructor(house: House, neighbour: Player) {
    this.#house = house;
    this.#neighbour = neighbour;
  }

  static open(): Promise<Street> {
    Street.#opened ??= Street.#build();
    return Street.#opened;
  }

  static async #build(): Promise<Street> {
    const house = await openHouse({ after } as unknown as TestContext, { env: { MESSAGES_PER_SECOND: "0" } });
    const neighbour = await Player.seated(house.port, 99, { room_id: "99" });
    after(() => {
      neighbour.drop();
      Street.#opened = undefined; // the next test has one of its own
    });
    await neighbour.hearUntil("Scene");
    return new Street(house, neighbour);
  }

  async meet(pieces: Pieces): Promise<void> {
    const heard = await this.#say(pieces);
    checkAnswers(heard);
    this.#neighbour.heard.length = 0;
    this.#neighbour.send(frame(Command.PRINT));
    await this.#neighbour.hearUntil("Print");
  }

  /** Everything that came back until the connection was closed. */
  async #say(pieces: Pieces): Promise<Buffer> {
    const socket = connect(this.#house.port, "127.0.0.1");
    const heard: Buffer[] = [];
    socket.on("data", (data: Buffer) => heard.push(data));
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (const piece of pieces) {
      socket.write(piece);
      await immediate();
    }
    await sleep(2);
    socket.end();
    const late = new AbortController();
    const isLate = sleep(endsWithinMs, "late", { signal: late.signal }).catch(() => {});
    assert.notEqual(await Promise.race([closed, isLate]), "late", `still open ${endsWithinMs} ms after its client has ended`);
    late.abort();
    return Buffer.concat(heard);
  }
}

/** Answers, one after the other; behind a 101 come frames. */
function checkAnswers(heard: Buffer): void {
  const text = heard.toString("latin1");
  assert.ok(!text.includes(good), "a token is said");
  const upgraded = text.indexOf("HTTP/1.1 101 ");
  for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d+) /gm)) assert.ok(statuses.has(Number(status)), `status ${status}`);
  assert.ok(heard.length === 0 || text.startsWith("HTTP/1.1 "), "something else than an answer");
  if (upgraded >= 0) checkFrames(heard.subarray(text.indexOf("\r\n\r\n", upgraded) + 4));
}

/** Unmasked, whole, binary or of control; a close code is one of the table. The last one may be cut. */
function checkFrames(heard: Buffer): void {
  for (let at = 0; at + 2 <= heard.length; ) {
    const [first = 0, second = 0] = heard.subarray(at);
    assert.ok([0x82, 0x88, 0x89, 0x8a].includes(first), `a frame that begins with ${first}`);
    assert.ok(second < 127, "a frame that is masked, or larger than any");
    if (second === 126 && at + 4 > heard.length) return;
    const [head, length] = second === 126 ? [4, heard.readUInt16BE(at + 2)] : [2, second];
    if (first === 0x88 && length >= 2 && at + 4 <= heard.length)
      assert.ok(isCloseCode(heard.readUInt16BE(at + 2)), `closed with ${heard.readUInt16BE(at + 2)}`);
    at += head + length;
  }
}
