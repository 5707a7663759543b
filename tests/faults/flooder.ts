/**
 * A client in a process of its own that sits down at the flood and sends 50 000 messages a second, is
 * cut, comes back and does it again. Prints for each time `{"cutMs", "sent", "code"}`.
 *
 *     node tests/faults/flooder.ts PORT USER
 */
import { setTimeout as sleep } from "node:timers/promises";
import { frame } from "#protocol/frame.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { sitDown } from "#tests/support/player.ts";
import { RawConnection, webSocketFrame } from "#tests/support/raw.ts";
import { Command } from "./flood.ts";

const perSecond = 50_000;
const everyMs = 5;
const backAfterMs = 250;

const [port = 0, user = 0] = process.argv.slice(2).map(Number);
const token = await mintToken(user, developmentKey);
const sit = webSocketFrame(0x82, sitDown({ game_name: "flood", room_id: "1000" }));
const echo = webSocketFrame(0x82, frame(Command.ECHO, new Uint8Array(8)));

for (;;) {
  process.stdout.write(`${JSON.stringify(await flood())}\n`);
  await sleep(backAfterMs);
}

/** Until it is cut. */
async function flood(): Promise<{ cutMs: number; sent: number; code: number }> {
  const connection = await RawConnection.upgrade(port, token);
  connection.write(sit);
  await sleep(50);
  const startMs = performance.now();
  let sent = 0;
  const pouring = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000) - sent;
    connection.write(Buffer.concat(Array.from({ length: due }, () => echo)));
    sent += due;
  }, everyMs);
  const code = await connection.closeCode().catch(() => 1006); // a reset may overtake the close frame
  clearInterval(pouring);
  connection.socket.destroy();
  return { cutMs: performance.now() - startMs, sent, code };
}
