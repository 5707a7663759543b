/**
 * What every process shows of itself: its release, its stage, how late its event loop is, and
 * what memory it may use, beside Node's own metrics. Real processes only: there is a timer.
 */
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Lifecycle } from "./lifecycle.ts";
import { Distribution, Metrics } from "./metrics.ts";
import type { Stage } from "./process_views.ts";
import type { Settings } from "./settings.ts";

const stages = ["serving", "draining", "dissolving"] as const satisfies readonly Stage[];
/** Often enough to notice whatever blocks longer, and nothing that would be felt: 20 times a second. */
const sampleMs = 50;

export function processMetrics(service: string, { version }: Pick<Settings, "version">, lifecycle: Pick<Lifecycle, "stage">): Metrics {
  const metrics = new Metrics({ service }).withProcess();
  const limitBytes = memoryLimitBytes();
  metrics.gauges("croupier_build_info", () => [[version, process.version, 1]]);
  metrics.gauges("croupier_stage", () => stages.map((stage) => [stage, Number(stage === lifecycle.stage)]));
  metrics.histogram(eventLoopDelay());
  metrics.gauge("croupier_memory_limit_bytes", () => limitBytes);
  metrics.gauge("croupier_heap_limit_bytes", () => getHeapStatistics().heap_size_limit);
  return metrics;
}

/** A stop of any length is one sample; a loop that is always late shows in all of them. */
function eventLoopDelay(): Distribution {
  const delay = new Distribution("croupier_event_loop_delay_seconds");
  let dueMs = performance.now() + sampleMs;
  const sample = (): void => {
    const now = performance.now();
    delay.addMs(Math.max(0, now - dueMs));
    dueMs = now + sampleMs;
    setTimeout(sample, sampleMs).unref();
  };
  setTimeout(sample, sampleMs).unref();
  return delay;
}

/** Where there is no limit, the system says none, or one that no machine has. */
function memoryLimitBytes(): number {
  const machineBytes = totalmem();
  const limitBytes = process.constrainedMemory();
  return limitBytes > 0 && limitBytes < machineBytes ? limitBytes : machineBytes;
}
