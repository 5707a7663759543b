/** A player in a terminal: type rock, paper or scissors. Another one: `npm run play -- 2`. */
import { createInterface } from "node:readline";
import { connect } from "croupier/client";
import { Hand } from "./gen/game_pb.ts";
import { protocol } from "./protocol.ts";

const [user = "1", gate = "127.0.0.1:60006"] = process.argv.slice(2);
const hands: Readonly<Record<string, Hand>> = { rock: Hand.ROCK, paper: Hand.PAPER, scissors: Hand.SCISSORS };

const client = connect({
  url: `ws://${gate}`,
  getToken: async () => {
    const answer = await fetch(`http://${gate}/dev/token?user=${user}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim());
    return text;
  },
});
client.on("state", (state) => {
  const { is, because, detail } = { because: "", detail: "", ...state };
  console.log([is, because, detail].filter((words) => words !== "").join(": "));
  if (is === "gone") process.exit(because === "closed" ? 0 : 1);
});

const room = client.sit(protocol, { room: "1" });
room.on("shown", (shown) => console.log(`user ${shown.user} has shown a hand`));
room.on("result", ({ winner, points }) => console.log(winner === 0n ? "nobody wins" : `user ${winner} wins`, points));
room.on("refused", (error) => console.log(error.message));

for await (const word of createInterface({ input: process.stdin })) {
  const hand = hands[word];
  if (hand === undefined) console.log("rock, paper or scissors?");
  else room.send("show", { hand });
}
await client.close();
