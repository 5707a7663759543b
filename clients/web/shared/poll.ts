/** Asks again and again while somebody looks: each time some while after the last answer, so that a slow process is asked less often. */
import { useEffect, useRef } from "preact/hooks";

type Look = (signal: AbortSignal) => Promise<void>;

/**
 * `everyMs`: undefined: nothing is asked, any more or yet. `deps`: when one of these changes the question is another one, and
 * whoever waits for the old answer is let go.
 */
export function usePoll(look: Look, everyMs: number | undefined, deps: readonly unknown[]): void {
  const latest = useRef(look);
  latest.current = look;
  useEffect(() => (everyMs === undefined ? undefined : poll((signal) => latest.current(signal), everyMs)), [everyMs, ...deps]);
}

/** Gives what ends it. */
function poll(look: Look, everyMs: number): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  const again = async (): Promise<void> => {
    if (isAsking || document.hidden || abort.signal.aborted) return;
    clearTimeout(timer);
    isAsking = true;
    try {
      await look(abort.signal);
    } catch (thrown) {
      if (!abort.signal.aborted) throw thrown;
    } finally {
      isAsking = false;
      if (!abort.signal.aborted) timer = setTimeout(again, everyMs);
    }
  };
  document.addEventListener("visibilitychange", again);
  void again();
  return () => {
    abort.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", again);
  };
}
