/**
 * F10: clients that stop reading while their rooms say a lot. Each is cut soon after its
 * queue at the gate is over the cap, the gate's memory stays within what the caps allow, and
 * the others hardly feel it (P7). Slices in which they read and slices in which they do not
 * alternate in one run, so that whatever else the machine does falls on both.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { bodyOf, commandOf, decode, type Frame } from "#protocol/frame.ts";
import { Int64Schema, Command as System, UserSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { type KernelQueues, kernelQueues } from "#tests/support/kernel_queues.ts";
import { Player, sitDown } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { RawConnection, webSocketFrame } from "#tests/support/raw.ts";
import { Echoer } from "./echoer.ts";
import { Command, pour } from "./flood.ts";
import { collectedOften, isFull, kilobyte, MemoryWatch, median, megabyte, patience, quantile, Scrape, sleep, until } from "./measure.ts";

const slowCount = 50;
const roomCount = 5;
const queueBytesMax = 256 * kilobyte;
const cutWithinMs = 5000;
/** The kernel takes 4 MB of a loopback connection that is not read: at this rate that is over in six seconds. */
const poured = [16 * kilobyte, 20] as const;
const slicePairs = isFull ? 8 : 3;
const sliceMs = 6000;
const echoers = 16;
const echoEveryMs = 16;
const p99GrowthMax = 0.2;
/** Between two looks at the kernel's queues so much is said; and Node reads a chunk that nobody asked for any more. */
const blurBytes = 128 * kilobyte;
const lookEveryMs = 100;

/** A player who reads: how much water has come, and who has left. */
class Reader {
  readonly player: Player;
  readonly seated = new Set<number>();
  readonly leftAtMs = new Map<number, number[]>();
  saidBytes = 0;

  constructor(player: Player) {
    this.player = player;
    player.socket.removeAllListeners("message");
    player.socket.on("message", (data: Buffer) => this.#onFrame(data));
  }

  #onFrame(bytes: Frame): void {
    this.saidBytes += bytes.length;
    const command = commandOf(bytes);
    if (command === System.SIT_DOWN) this.seated.add(Number(decode(UserSchema, bodyOf(bytes)).id));
    if (command !== System.STAND_UP) return;
    const user = Number(decode(Int64Schema, bodyOf(bytes)).v);
    this.leftAtMs.set(user, [...(this.leftAtMs.get(user) ?? []), performance.now()]);
  }
}

/** One client that has stopped reading. */
class SlowReader {
  readonly user: number;
  readonly #reader: Reader;
  readonly #connection: RawConnection;
  readonly #port: number;
  #saidBeforeBytes = 0;
  #readBeforeBytes = 0;
  #kernelBytes = 0;
  overAtMs: number | undefined;
  /** When it was cut, and what waited in the gate then. */
  cut: { readonly atMs: number; readonly queuedBytes: number } | undefined;

  private constructor(user: number, connection: RawConnection, reader: Reader) {
    this.user = user;
    this.#connection = connection;
    this.#reader = reader;
    this.#port = connection.socket.localPort ?? 0;
  }

  static async seat(port: number, user: number, room: string, reader: Reader): Promise<SlowReader> {
    const connection = await RawConnection.upgrade(port, await mintToken(user, developmentKey));
    connection.write(webSocketFrame(0x82, sitDown({ game_name: "flood", room_id: room })));
    await until(`user ${user} to sit`, () => reader.seated.has(user));
    connection.socket.removeAllListeners("data").resume();
    return new SlowReader(user, connection, reader);
  }

  stopReading(): void {
    this.#connection.socket.pause();
    this.#saidBeforeBytes = this.#reader.saidBytes;
    this.#readBeforeBytes = this.#connection.socket.bytesRead;
  }

  /** Works out what waits in the gate: what was said, but for what was read and what the kernel holds. */
  look(kernel: ReadonlyMap<number, KernelQueues>, nowMs: number): void {
    if (this.cut !== undefined) return;
    const [leftAtMs] = this.#reader.leftAtMs.get(this.user) ?? [];
    if (leftAtMs === undefined) {
      const { sentBytes, receivedBytes } = kernel.get(this.#port) ?? { sentBytes: 0, receivedBytes: 0 };
      this.#kernelBytes = sentBytes + receivedBytes;
      if (this.#queuedBytes > queueBytesMax) this.overAtMs ??= nowMs;
      return;
    }
    this.overAtMs ??= leftAtMs;
    this.cut = { atMs: leftAtMs, queuedBytes: this.#queuedBytes };
  }

  get kernelBytes(): number {
    return this.#kernelBytes;
  }

  get #queuedBytes(): number {
    const read = this.#connection.socket.bytesRead - this.#readBeforeBytes;
    return this.#reader.saidBytes - this.#saidBeforeBytes - read - this.#kernelBytes;
  }

  goAway(): void {
    this.#connection.socket.destroy();
  }
}

interface House {
  readonly gate: Server;
  readonly readers: readonly Reader[];
  readonly echoers: readonly Echoer[];
}

async function openHouse(t: TestContext): Promise<House> {
  const server = await Server.start(t, "tests/faults/flood_server.ts");
  const env = { GAME_SERVERS: `flood=127.0.0.1:${server.port}`, MESSAGES_PER_SECOND: "0", ...collectedOften };
  const gate = await Server.start(t, "gate_server/main.ts", env);
  const readers = Array.from({ length: roomCount }, async (_, at) => {
    const player = await Player.seated(gate.port, 1 + at, { game_name: "flood", room_id: String(1 + at) });
    await player.hearUntil(String(Command.ARRIVED));
    return new Reader(player);
  });
  const others = Array.from({ length: echoers }, (_, at) =>
    Echoer.seat({ entrance: gate.port, user: 100 + at, room: String(1000 + (at % 4)), everyMs: echoEveryMs }),
  );
  return { gate, readers: await Promise.all(readers), echoers: await Promise.all(others) };
}

test("[F10][P7] 50 clients that stop reading are cut, the gate keeps its memory, and the others hardly feel it", {
  timeout: 300_000,
}, async (t) => {
  const house = await openHouse(t);
  const memory = new MemoryWatch(house.gate);
  await slice(house); // to warm up
  const p99s: { reading: number[]; slow: number[] } = { reading: [], slow: [] };
  const cut: SlowReader[] = [];
  for (let pair = 0; pair < slicePairs; pair++) {
    const slow = await seatSlowReaders(house, 1000 + pair * slowCount);
    p99s.reading.push(await slice(house));
    memory.troubleBegins();
    for (const reader of slow) reader.stopReading();
    p99s.slow.push(await slice(house, slow));
    cut.push(...slow);
    for (const reader of slow) reader.goAway();
  }
  const growth = await memory.growthBytes();
  const ends = await Scrape.of(house.gate);
  const lateMs = cut.map(({ cut: end, overAtMs = 0 }) => (end?.atMs ?? Number.NaN) - overAtMs);
  const queued = cut.map(({ cut: end }) => (end?.queuedBytes ?? Number.NaN) / kilobyte);
  const ratio = median(p99s.slow) / median(p99s.reading);

  t.diagnostic(
    `F10: ${cut.length} slow readers cut ${Math.max(...lateMs).toFixed(0)} ms after their queue was over the cap at most, with ` +
      `${Math.min(...queued).toFixed(0)}–${Math.max(...queued).toFixed(0)} KB in it, ${(median(cut.map((each) => each.kernelBytes)) / megabyte).toFixed(1)} MB in the kernel`,
  );
  t.diagnostic(`F10: gate memory +${(growth / megabyte).toFixed(1)} MB over ${(memory.usualBytes / megabyte).toFixed(0)} MB`);
  t.diagnostic(
    `F10: others' echo p99 ${shown(p99s.reading)} ms while all read, ${shown(p99s.slow)} ms while 50 do not: × ${ratio.toFixed(2)}`,
  );
  for (const { user, cut: end } of cut) assert.ok(end !== undefined, `user ${user} was not cut`);
  assert.ok(Math.max(...lateMs) <= cutWithinMs * patience, `one was cut ${Math.max(...lateMs)} ms late`);
  assert.ok(Math.min(...queued) * kilobyte >= queueBytesMax - blurBytes, `one was cut with ${Math.min(...queued)} KB in its queue`);
  assert.equal(ends.value("croupier_session_ends_total", 'end="slow"'), cut.length);
  assert.equal(ends.value("croupier_session_ends_total"), cut.length);
  for (const { leftAtMs } of house.readers)
    for (const [user, times] of leftAtMs) assert.equal(times.length, 1, `user ${user} left more than once`);
  assert.ok(growth <= slowCount * queueBytesMax + 20 * megabyte, `memory grew by ${growth} bytes`);
  assert.ok(ratio <= 1 + p99GrowthMax * patience, `p99 × ${ratio}`);
});

async function seatSlowReaders({ gate, readers }: House, firstUser: number): Promise<SlowReader[]> {
  const seats = Array.from({ length: slowCount }, (_, at) => {
    const room = at % roomCount;
    return SlowReader.seat(gate.port, firstUser + at, String(1 + room), readers[room] as Reader);
  });
  return Promise.all(seats);
}

/** Rooms pour until every slow reader is cut, or for a while; gives the p99 of the others' echoes meanwhile. */
async function slice(house: House, slow: readonly SlowReader[] = []): Promise<number> {
  await sleep(500);
  for (const { player } of house.readers) player.send(pour(...poured));
  for (const echoer of house.echoers) echoer.start();
  const startedMs = performance.now();
  const isOver = (): boolean => (slow.length === 0 ? performance.now() - startedMs >= sliceMs : slow.every(({ cut }) => cut !== undefined));
  while (!isOver() && performance.now() - startedMs < 20_000 * patience) {
    await sleep(lookEveryMs);
    const kernel = kernelQueues(house.gate.port);
    for (const reader of slow) reader.look(kernel, performance.now());
  }
  for (const echoer of house.echoers) echoer.stop();
  for (const { player } of house.readers) player.send(pour(0, 0));
  await sleep(500);
  const tookMs = house.echoers.flatMap((echoer) => echoer.tookMs);
  return quantile(tookMs, 0.99);
}

function shown(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${values.map((value) => value.toFixed(2)).join(", ")})`;
}
