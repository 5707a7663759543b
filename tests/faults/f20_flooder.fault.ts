/**
 * F20, its second half (the first is f20_two_gates.fault.ts): one client sends 50 000
 * messages a second. It is cut, again and again, and the others hardly feel it. Slices with and without it alternate.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { closeCodes } from "#protocol/close_codes.ts";
import { Server, start } from "#tests/support/process.ts";
import { Echoer } from "./echoer.ts";
import { isFull, median, patience, quantile, Scrape, sleep } from "./measure.ts";

const slicePairs = isFull ? 8 : 3;
const sliceMs = isFull ? 6000 : 4000;
const echoers = 16;
/** Within what a client may send. */
const echoEveryMs = 25;
const cutWithinMs = 2000;
const p99GrowthMax = 2;
const flooderUser = 9;

interface Cut {
  readonly cutMs: number;
  readonly sent: number;
  readonly code: number;
}

test("[F20][P7][P10] a client that sends 50 000 messages/s is cut within 2 s each time it comes, and the others hardly feel it", {
  timeout: 180_000,
}, async (t) => {
  const server = await Server.start(t, "tests/faults/flood_server.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `flood=127.0.0.1:${server.port}` });
  const seats = Array.from({ length: echoers }, (_, at) => ({ user: 100 + at, room: String(1000 + (at % 4)) }));
  const others = await Promise.all(seats.map((seat) => Echoer.seat({ ...seat, entrance: gate.port, everyMs: echoEveryMs })));
  await slice(others); // to warm up
  const quiet: number[] = [];
  const flooded: number[] = [];
  const cuts: Cut[] = [];
  for (let pair = 0; pair < slicePairs; pair++) {
    quiet.push(await slice(others));
    const { p99, cut } = await floodedSlice(t, gate, others);
    flooded.push(p99);
    cuts.push(...cut);
  }
  const ends = await Scrape.of(gate);
  const ratio = median(flooded) / median(quiet);
  const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(", ");
  const lateMs = Math.max(...cuts.map(({ cutMs }) => cutMs));
  t.diagnostic(
    `F20 flooder cut ${cuts.length} times after p50 ${median(cuts.map(({ cutMs }) => cutMs)).toFixed(0)} ms, max ${lateMs.toFixed(0)} ms, ` +
      `codes ${[...new Set(cuts.map(({ code }) => code))]}, at most ${Math.max(...cuts.map(({ sent }) => sent))} messages sent`,
  );
  t.diagnostic(`F20 others' echo p99 ${shown(quiet)} ms without it, ${shown(flooded)} ms with it: × ${ratio.toFixed(2)}`);
  assert.ok(cuts.length >= slicePairs * 3, `cut ${cuts.length} times`);
  assert.ok(lateMs <= cutWithinMs * patience, `cut after ${lateMs} ms`);
  assert.ok(ratio <= p99GrowthMax * patience, `p99 × ${ratio}`);
  assert.ok(ends.value("croupier_session_ends_total", 'end="tooManyMessages"') >= cuts.length);
  assert.deepEqual(new Set(cuts.map(({ code }) => code)), new Set([closeCodes.tooManyMessages.code]));
});

/** Gives the p99 of the echoes of a while. */
async function slice(others: readonly Echoer[]): Promise<number> {
  for (const echoer of others) echoer.start();
  await sleep(sliceMs);
  for (const echoer of others) echoer.stop();
  await sleep(300);
  return quantile(
    others.flatMap(({ tookMs }) => tookMs),
    0.99,
  );
}

async function floodedSlice(t: TestContext, gate: Server, others: readonly Echoer[]): Promise<{ p99: number; cut: Cut[] }> {
  const flooder = start(t, ["tests/faults/flooder.ts", String(gate.port), String(flooderUser)]);
  await flooder.until(() => true);
  const p99 = await slice(others);
  flooder.child.kill("SIGKILL");
  await flooder.exited;
  return { p99, cut: flooder.lines.map((line) => JSON.parse(line) as Cut) };
}
