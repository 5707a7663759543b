/**
 * What a person at a terminal reads after a start, in development only: what is dealt and how to play it, with a token
 * ready to paste. It is no log line and shows no key.
 */

import { ownToken } from "#door/own_token.ts";
import type { Started } from "#runtime/process.ts";
import { defaultKeysInUse, type Settings } from "#runtime/settings.ts";

/** `npm start`. */
export function welcome(started: Started): Promise<void> {
  const { port, adminPort } = started;
  return greet(
    started,
    `
  Croupier deals on port ${port}.

    Play:      http://localhost:${port}/
    Or here:   npm run dice                 (then type: shake)
    Company:   npm run dice -- -u 2         in another terminal
    Bots:      npm run bots -- --users 8 --seconds 60
    Tools:     ${placeOfTools(started)}
    Rooms:     http://localhost:${port}/rooms?game=dice
    Operate:   http://localhost:${adminPort}/
`,
  );
}

/** `firstLines`: what is dealt, and how it is played. */
export async function greet({ settings, port }: Started, firstLines: string): Promise<void> {
  if (!process.stdout.isTTY || settings.env !== "dev") return;
  process.stdout.write(`${firstLines}
${await tokenToPaste(settings)}  ws://localhost:${port}?token=…
  ${farewell(settings)}

`);
}

/** The playground, or what it takes. */
export function placeOfTools({ settings, port }: Started): string {
  return defaultKeysInUse(settings).includes("JWT_KEY") ? `http://localhost:${port}/playground/` : "with the documented JWT_KEY only";
}

/** Whoever has the private key makes them otherwise. */
async function tokenToPaste(settings: Settings): Promise<string> {
  return settings.jwtKey.length === 0 ? "" : `  A token for user 1, valid for 24 hours:\n\n    ${await ownToken(1, settings)}\n\n`;
}

function farewell({ drain, park, journal }: Settings): string {
  const parks = drain !== "wait" && park !== "off" && journal !== "memory";
  return parks ? "Ctrl-C parks the rooms; the next start goes on with them." : "Ctrl-C once waits for the rooms to end, twice ends them.";
}
