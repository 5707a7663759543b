/**
 * Whether an object of JSON names something twice. JSON.parse takes the last one, other readers the
 * first: where two of them judge one token, such a claim is one thing to the one and another to the other.
 */

/** `json`: an object that JSON.parse takes. Only its own names are looked at. */
export function hasRepeatedClaim(json: string): boolean {
  const names = new Set<string>();
  let depth = 0;
  let text = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (token !== ":") text = token;
    else if (depth === 1) {
      const name = JSON.parse(text) as string; // "\u0069d" is "id"
      if (names.has(name)) return true;
      names.add(name);
    }
  }
  return false;
}
