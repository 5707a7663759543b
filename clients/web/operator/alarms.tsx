/** What somebody should look at now, above everything else. */
import type { VNode } from "preact";
import { alarmsOf } from "./fleet.ts";
import { alarmsIn, type Sample } from "./history.ts";
import type { Member } from "./member.ts";

export function Alarms({ members, samples }: { members: readonly Member[]; samples: readonly Sample[] }): VNode {
  const alarms = [...alarmsOf(members), ...alarmsIn(samples, members)];
  return (
    <section class={alarms.length === 0 ? "alarms none" : "alarms"} aria-labelledby="alarms-title">
      <h2 id="alarms-title">Alarms</h2>
      <div aria-live="polite">
        {alarms.length === 0 ? (
          <p>None.</p>
        ) : (
          <ul>
            {alarms.map((alarm) => (
              <li key={alarm}>{alarm}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
