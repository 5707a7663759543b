/** Admission as the settings want it, with the secrets of the moment: gates and game servers let players in by the same rules. */
import type { Clock } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import type { Secrets } from "#runtime/secrets.ts";
import type { Settings } from "#runtime/settings.ts";
import { Admission } from "./admission.ts";
import type { DoorCounts } from "./counts.ts";
import { Jwks } from "./jwks.ts";

interface Parts {
  settings: Settings;
  secrets: Secrets;
  clock: Clock;
  log: Log;
  counts: DoorCounts;
}

export function openAdmission({ settings, secrets, clock, log, counts }: Parts): Admission {
  const { jwksUrl: url, jwtIssuers: issuers, jwtAudiences: audiences } = settings;
  return new Admission({
    ...{ clock, issuers, audiences },
    keys: () => secrets.jwtKeys,
    expiryRequired: settings.env !== "dev",
    jwks: url && new Jwks({ url, clock, log, counts: counts.keys }),
  });
}
