/**
 * The game server as it is, which deals trouble too (trouble.ts), and whose disk is as slow as it is
 * told on standard input: `commit 300`, so many milliseconds for each commit.
 *
 * `TROUBLE` is the name that its game has, `TROUBLE_VERSION` the version of its states.
 */
import { createInterface } from "node:readline";
import { SqliteJournal } from "#game_server/journal_sqlite.ts";
import { deal } from "#tests/faults/deal.ts";
import { troubleGame, work } from "./trouble.ts";

let commitMs = 0;
createInterface({ input: process.stdin }).on("line", (order) => {
  commitMs = Number(/^commit (\d+)$/.exec(order)?.[1]);
});
(process.stdin as { unref?(): void }).unref?.(); // nobody waits for an order

const { commit } = SqliteJournal.prototype;
SqliteJournal.prototype.commit = function (turn) {
  commit.call(this, turn);
  work(commitMs);
};
deal(troubleGame(process.env["TROUBLE"] ?? "trouble", Number(process.env["TROUBLE_VERSION"] ?? 1)));
await import("#game_server/main.ts");
