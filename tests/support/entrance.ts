/**
 * Where a test's players come in: a port of this machine, whose gate takes development tokens, or
 * the URL of gates elsewhere, with the key of their tokens.
 */
import { mintToken } from "#protocol/token.ts";

export type Entrance = number | { readonly url: string; readonly key: Uint8Array };

export const developmentKey = new Uint8Array(Buffer.from("ZGVmYXVsdF9rZXk=", "base64"));

/** As an operator would set it: keys of one's own. */
export const production = {
  ENV: "prod",
  JWT_KEY: Buffer.alloc(32, 5).toString("base64"),
  LINK_KEY: Buffer.alloc(32, 6).toString("base64"),
};

/** The URL by which `user` comes in, with a fresh token unless there is one. */
export async function wayIn(entrance: Entrance, user: number, token?: string): Promise<string> {
  const { url, key } = typeof entrance === "number" ? { url: `ws://127.0.0.1:${entrance}`, key: developmentKey } : entrance;
  return `${url}?token=${token ?? (await mintToken(user, key))}`;
}
