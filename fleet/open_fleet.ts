/** The fleet of processes that share Redis: game servers that show themselves there, or those of them that Kubernetes has found ready. */
import type { Clock } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { SharedFleet } from "#runtime/settings.ts";
import type { Fleet } from "./fleet.ts";
import { RedisFleet } from "./fleet_redis.ts";
import type { Store } from "./store.ts";

interface Parts {
  readonly redis: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
}

/** @throws {SettingError} when the Kubernetes API cannot be reached from here. */
export async function openFleet(fleet: SharedFleet, { redis, clock, entropy, log }: Parts): Promise<Fleet> {
  const shown = new RedisFleet(redis, clock);
  if (fleet.is === "redis") return shown;
  // Only here: the client takes half a second and 85 MB to load.
  const { KubernetesFleet } = await import("./fleet_kubernetes.ts");
  const { kubeConfig, ReadyEndpoints } = await import("./ready_endpoints.ts");
  const ready = new ReadyEndpoints({ config: kubeConfig(), services: fleet.services, clock, entropy, log });
  return new KubernetesFleet(shown, ready);
}
