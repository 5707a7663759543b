/**
 * What a person at a terminal reads after `npm start`, in development only: how to play,
 * with a token ready to paste. It is no log line and shows no key.
 */

import { ownToken } from "#door/own_token.ts";
import type { Started } from "#runtime/process.ts";
import { defaultKeysInUse, type Settings } from "#runtime/settings.ts";

export async function welcome({ settings, port, adminPort }: Started): Promise<void> {
  if (!process.stdout.isTTY || settings.env !== "dev") return;
  const { drain, park, journal } = settings;
  const parks = drain !== "wait" && park !== "off" && journal !== "memory";
  const farewell = parks
    ? "Ctrl-C parks the rooms; the next npm start goes on with them."
    : "Ctrl-C once waits for the rooms to end, twice ends them.";
  const tools = defaultKeysInUse(settings).includes("JWT_KEY")
    ? `http://localhost:${port}/playground/`
    : "with the documented JWT_KEY only";
  process.stdout.write(`
  Croupier deals on port ${port}.

    Play:      http://localhost:${port}/
    Or here:   npm run dice                 (then type: shake)
    Company:   npm run dice -- -u 2         in another terminal
    Bots:      npm run bots -- --users 8 --seconds 60
    Tools:     ${tools}
    Rooms:     http://localhost:${port}/rooms?game=dice
    Operate:   http://localhost:${adminPort}/

${await tokenToPaste(settings)}  ws://localhost:${port}?token=…
  ${farewell}

`);
}

/** Whoever has the private key makes them otherwise. */
async function tokenToPaste(settings: Settings): Promise<string> {
  return settings.jwtKey.length === 0 ? "" : `  A token for user 1, valid for 24 hours:\n\n    ${await ownToken(1, settings)}\n\n`;
}
