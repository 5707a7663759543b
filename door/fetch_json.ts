/**
 * Asks a URL for JSON and waits for nobody: five seconds for all of it, so many bytes, no
 * redirects. Whatever the other side does is one of a few outcomes, and nothing is thrown.
 */
import type { Clock } from "#runtime/clock.ts";

const patienceMs = 5000;
/** A set of keys with their certificates has a tenth of it. */
export const answerBytesMax = 131_072;

export type Fetched =
  | { readonly is: "ok"; readonly json: unknown }
  | { readonly is: "away" | "late" | "status" | "too large" | "garbage"; readonly why: string };

export async function fetchJson(url: URL, clock: Clock, stop: AbortSignal): Promise<Fetched> {
  const late = new AbortController();
  const timer = clock.after(patienceMs, () => late.abort());
  try {
    return await ask(url, AbortSignal.any([late.signal, stop]));
  } catch (thrown) {
    if (late.signal.aborted) return { is: "late", why: `there is no whole answer within ${patienceMs} ms` };
    return { is: "away", why: causeOf(thrown) };
  } finally {
    timer.cancel();
  }
}

async function ask(url: URL, signal: AbortSignal): Promise<Fetched> {
  const response = await fetch(url, { signal, redirect: "manual", headers: { Accept: "application/json" } });
  if (response.status !== 200) {
    await response.body?.cancel();
    return { is: "status", why: `the answer is HTTP ${response.status}` };
  }
  const text = await textOf(response);
  return text === undefined ? { is: "too large", why: `the answer is larger than ${answerBytesMax} bytes` } : parse(text);
}

/** Undefined: it is too much, and the rest is not read. */
async function textOf({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) return undefined; // leaving the loop cancels the rest
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): Fetched {
  try {
    return { is: "ok", json: JSON.parse(text) };
  } catch {
    return { is: "garbage", why: "the answer is no JSON" };
  }
}

/** What the network says; never the URL. */
function causeOf(thrown: unknown): string {
  const { cause } = thrown as { cause?: unknown };
  const { code } = (cause ?? thrown) as NodeJS.ErrnoException;
  return `there is no answer (${typeof code === "string" ? code : "the connection broke"})`;
}
