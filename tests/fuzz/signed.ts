/** A token for development whose text is the same each time, and good for ever: part of kept inputs. */
import { createHmac } from "node:crypto";
import { developmentKey } from "#tests/support/entrance.ts";

export function signed(payload: object): string {
  const text = [{ alg: "HS256" }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createHmac("sha256", developmentKey).update(text).digest("base64url")}`;
}
