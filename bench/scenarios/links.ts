/**
 * A gate that has links to many game servers, and nobody at it: what a link costs that says nothing, of memory at the gate
 * and of CPU time at both ends. That is what gates × servers costs.
 */
import { CpuWatch, settle } from "#bench/cpu_watch.ts";
import type { Pinned } from "#bench/pinned.ts";
import type { Scenario, ScenarioOptions, Table } from "#bench/scenario.ts";
import { Fleet } from "#bench/subjects/fleet.ts";
import { portsOf } from "#bench/subjects/processes.ts";
import { kilobyte, sleep } from "#tests/faults/measure.ts";

const few = 1;
const manyMax = 20;
/** Of a shorter run. */
const serversPerSecond = 10;
/** For each second that was asked for; as long before, for what a start leaves to be done. */
const idleMsPerSecond = 5000;

interface Seen {
  readonly servers: number;
  /** Of the gate, collected: of what is resident, a start leaves more than twenty links take. */
  readonly heapBytes: number;
  /** CPU microseconds a second: of the gate, and of one game server. */
  readonly gateCpu: number;
  readonly serverCpu: number;
}

export const links: Scenario = {
  name: "links",
  about: "a gate with links to many game servers, all silent: what one costs",
  async run({ seconds }: ScenarioOptions): Promise<Table> {
    const many = Math.max(2, Math.min(manyMax, Math.ceil(serversPerSecond * seconds)));
    const [one, all] = [await look(few, seconds * idleMsPerSecond), await look(many, seconds * idleMsPerSecond)];
    const perLink = (what: (seen: Seen) => number): number => (what(all) - what(one)) / (many - few);
    return {
      title: `Links: a gate and ${few}, then ${many} game servers, nobody at the gate`,
      columns: ["game servers", "gate: heap KB", "gate: CPU µs/s", "one game server: CPU µs/s"],
      rows: [
        ...[one, all].map(({ servers, heapBytes, gateCpu, serverCpu }) => [String(servers), heapBytes / kilobyte, gateCpu, serverCpu]),
        ["one link more", perLink(({ heapBytes }) => heapBytes / kilobyte), perLink(({ gateCpu }) => gateCpu), Number.NaN],
      ],
      targets: [],
    };
  },
};

async function look(servers: number, ms: number): Promise<Seen> {
  const fleet = await Fleet.start({ gates: 1, servers });
  try {
    await sleep(ms);
    await settle(fleet, fleet.gates);
    const heapBytes = await heapOf(fleet.gates[0]);
    const [watch, startMs] = [new CpuWatch(fleet), performance.now()];
    await sleep(ms);
    const [spent, seconds] = [watch.spent, (performance.now() - startMs) / 1000];
    return { servers, heapBytes, gateCpu: (spent["gate 1"] ?? 0) / seconds, serverCpu: (spent["game server 1"] ?? 0) / seconds };
  } finally {
    await fleet.stop();
  }
}

async function heapOf(gate: Pinned | undefined): Promise<number> {
  if (gate === undefined) return Number.NaN;
  const metrics = await (await fetch(`http://127.0.0.1:${portsOf(gate).adminPort}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes(?:\{.*\})? (\S+)$/m.exec(metrics)?.[1] ?? Number.NaN);
}
