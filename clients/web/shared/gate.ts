/** The gate that this page comes from. */

/** Where players connect. */
export function gateUrl(): string {
  return location.origin.replace(/^http/, "ws");
}

/** A gate that does not answer for so long is taken for stuck. */
const answerTimeoutMs = 5000;

/** Asks it. `signal`: nobody waits for the answer any more. @throws what `fetch` throws, also when there is no answer in time. */
export function askGate(path: string, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  return fetch(path, { signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) });
}

/** A token for a user of one's choice, which gates give in development. @throws with what the gate says instead. */
export async function developmentToken(user: number | string): Promise<string> {
  const answer = await askGate(`/dev/token?user=${encodeURIComponent(user)}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
