/** What goes wrong between this page and who it asks, and is no mistake of ours. */
import { Trouble } from "#clients/croupier/words.ts";

/** The sentence for what could not be had. @throws what is a mistake of ours. */
export function troubleIn(thrown: unknown): string {
  if (thrown instanceof Trouble) return thrown.message;
  throw thrown;
}

/** What could be had; undefined: it is not there, or nobody answers. @throws also when `signal` says that nobody waits any more. */
export async function unlessTrouble<Answer>(ask: () => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof Trouble) return undefined;
    throw thrown;
  }
}
