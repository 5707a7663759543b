/** Which part of the page is shown: what stands behind # in its address, so that it can be kept, sent and gone back to. */
import { useEffect, useState } from "preact/hooks";

export type Route =
  | { readonly at: "fleet" | "rooms" | "sessions" | "refusals" }
  /** A life, or a game and an id, as the command line writes them. */
  | { readonly at: "room"; readonly which: string };

export function routeOf(hash: string): Route {
  const [, at = "", rest = ""] = /^#\/([a-z]*)\/?(.*)$/.exec(hash) ?? [];
  const which = decoded(rest);
  if (at === "room" && isRoom(which)) return { at, which };
  return { at: at === "rooms" || at === "sessions" || at === "refusals" ? at : "fleet" };
}

/** One name or two, as a path takes them: dots would lead out of the rooms. */
function isRoom(which: string): boolean {
  const names = which.split("/");
  return names.length <= 2 && names.every((name) => !["", ".", ".."].includes(name));
}

/** "": somebody has written it who cannot. */
function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return "";
  }
}

export function hrefOf(route: Route): string {
  return route.at === "room" ? `#/room/${encodeURI(route.which)}` : `#/${route.at}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = (): void => setRoute(routeOf(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}
