/** What has changed in the fleet since this page was opened, and what keeps it from being of one release, in service and whole. */
import type { VNode } from "preact";
import type { Watches } from "./watches.ts";

export function Rollout({ watches }: { watches: Watches }): VNode {
  const { changes, left } = watches;
  return (
    <section aria-labelledby="changes-title">
      <h2 id="changes-title">What has changed</h2>
      <p>{left.length === 0 ? "Every game server has the same release, serves and takes rooms." : `Not over: ${left.join("; ")}.`}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too */}
      <div class="changes" role="log" aria-label="Changes, the newest first" tabIndex={0}>
        <ol>
          {changes.map(({ id, at, line }) => (
            <li key={id}>
              <time dateTime={at.toISOString()}>{at.toLocaleTimeString("en-GB")}</time> {line}
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}
