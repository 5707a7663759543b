/** The time, for what counts down. */
import { useEffect, useState } from "preact/hooks";

/** Milliseconds by the page's own clock, a few times a second. */
export function useNow(everyMs = 250): number {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
