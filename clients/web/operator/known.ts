/** What this page keeps: addresses of further processes for next time, the token for as long as the tab is open. */
const addressesKey = "croupier.admins";
const tokenKey = "croupier.token";

export function knownAddresses(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(addressesKey) ?? "[]");
    return Array.isArray(kept) ? kept.flatMap((one) => addressOf(String(one)) ?? []) : [];
  } catch {
    return [];
  }
}

export function keepAddresses(addresses: readonly string[]): void {
  localStorage.setItem(addressesKey, JSON.stringify(addresses));
}

export function knownToken(): string | undefined {
  return sessionStorage.getItem(tokenKey) ?? undefined;
}

export function keepToken(token: string | undefined): void {
  if (token === undefined) sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, token);
}

/** The origin of what was written, such as `127.0.0.1:60011`; undefined: it is none. */
export function addressOf(written: string): string | undefined {
  const url = URL.parse(/^https?:\/\//.test(written) ? written : `http://${written}`);
  const isOrigin =
    url !== null && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  return isOrigin && url.hostname !== "" ? url.origin : undefined;
}
