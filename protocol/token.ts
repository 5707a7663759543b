/** Tokens for development: what a game's own login service makes in production. */
import { type JWTPayload, SignJWT } from "jose";

const daySeconds = 86_400;

/** A token for `user`, signed with HS256 and `key`, valid for a day unless `seconds` says otherwise; `claims` are those beside. */
export function mintToken(user: number, key: Uint8Array, seconds: number = daySeconds, claims: JWTPayload = {}): Promise<string> {
  return new SignJWT({ ...claims, id: user }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setExpirationTime(`${seconds} s`).sign(key);
}
