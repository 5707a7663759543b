/**
 * Who plays in this tab: in development a user of one's choice, in production whoever the token says. Kept for as long as
 * the tab is open, so that loading the page again leads back to the seat.
 */
import type { GetToken } from "#clients/client.ts";
import { askGate, developmentToken } from "#clients/web/shared/gate.ts";
import { takeToken } from "./address.ts";

export type Identity = { readonly is: "user"; readonly user: number } | { readonly is: "token"; readonly token: string };

const kept = "croupier identity";

/** The one in the address, which is taken out of it at once, or the one from before. */
export function readIdentity(): Identity | undefined {
  const { token, rest } = takeToken(location.hash);
  if (token !== undefined) {
    history.replaceState(null, "", `${location.pathname}#${rest}`);
    keepIdentity({ is: "token", token });
  }
  const text = sessionStorage.getItem(kept);
  return text === null ? undefined : (JSON.parse(text) as Identity);
}

export function keepIdentity(identity: Identity): void {
  sessionStorage.setItem(kept, JSON.stringify(identity));
}

export function forgetIdentity(): void {
  sessionStorage.removeItem(kept);
}

/** Whether this gate makes tokens for anybody. @throws when it does not answer. */
export async function isDevelopment(): Promise<boolean> {
  return (await askGate("/dev/token?user=1")).ok;
}

export function tokenGetter(identity: Identity): GetToken {
  return () => (identity.is === "token" ? identity.token : developmentToken(identity.user));
}
