/** Asks for the admin token, and says so when the one that was given is not good. It is kept for as long as the tab is open. */
import type { VNode } from "preact";
import { Field } from "./field.tsx";

interface Props {
  /** What was wrong with the last one. */
  readonly why: string | undefined;
  readonly onToken: (token: string) => void;
}

export function TokenForm({ why, onToken }: Props): VNode {
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
    if (typeof token === "string" && token.trim() !== "") onToken(token.trim());
  };
  return (
    <section aria-labelledby="token-title">
      <h2 id="token-title">Token</h2>
      <p>
        An <code>ADMIN_TOKEN</code> may do everything, an <code>ADMIN_READ_TOKEN</code> may look.
      </p>
      {why && (
        <p role="alert" class="trouble">
          {why}
        </p>
      )}
      <form class="row" onSubmit={onSubmit}>
        <Field label="Admin token" name="token" type="password" autocomplete="off" required />
        <button type="submit" class="primary">
          Use it
        </button>
      </form>
    </section>
  );
}
