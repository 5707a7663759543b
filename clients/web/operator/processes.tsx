/** Whose admin listeners are asked, and more of them. One answers this page only if its ADMIN_ORIGINS has the page's own. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Field } from "./field.tsx";
import { addressOf } from "./known.ts";
import { isThere, type Member } from "./member.ts";

interface Props {
  readonly members: readonly Member[];
  /** Added here, beside the page's own. */
  readonly addresses: readonly string[];
  readonly onAddresses: (addresses: readonly string[]) => void;
}

export function Processes({ members, addresses, onAddresses }: Props): VNode {
  const [trouble, setTrouble] = useState("");
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const written = String(new FormData(form).get("address") ?? "")
      .split(",")
      .map((one) => one.trim());
    const wrong = written.find((one) => addressOf(one) === undefined);
    setTrouble(wrong === undefined ? "" : `${JSON.stringify(wrong)} is no address of an admin listener.`);
    if (wrong !== undefined) return;
    onAddresses([...new Set([...addresses, ...written.flatMap((one) => addressOf(one) ?? [])])].filter((one) => one !== location.origin));
    form.reset();
  };
  return (
    <section aria-labelledby="processes-title">
      <h2 id="processes-title">Asked</h2>
      <ul class="asked">
        {members.map((member) => (
          <li key={member.admin.url}>
            <span class={`dot ${member.is}`} aria-hidden="true" /> <code>{member.admin.url}</code>{" "}
            {isThere(member) ? `${member.about.process.service}, ${member.about.process.role}` : member.why}{" "}
            {addresses.includes(member.admin.url) && (
              <button type="button" class="quiet" onClick={() => onAddresses(addresses.filter((one) => one !== member.admin.url))}>
                Remove <span class="unseen">{member.admin.url}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      <form class="row" onSubmit={onSubmit}>
        <Field label="Further admin listeners" name="address" placeholder="http://127.0.0.1:60011, …" required />
        <button type="submit">Ask them, too</button>
      </form>
      <p role="alert" class="trouble">
        {trouble}
      </p>
      <p>
        Each lets this page ask with <code>ADMIN_ORIGINS={location.origin}</code>, and is asked with the same token.
      </p>
    </section>
  );
}
