/** Whoever says something is heard by everybody in his room. */
import { columns, compare, lightLatency, ratio, rowsOf } from "#bench/messages.ts";
import { atMost, type Scenario } from "#bench/scenario.ts";
import { names } from "#bench/subjects_at_hand.ts";

export const broadcast: Scenario = {
  name: "broadcast",
  about: "100 players in rooms of 4 say something, and everybody in the room hears it",
  async run(options) {
    const compared = await compare("tell", options);
    return {
      title: "Broadcast to 4",
      columns,
      rows: rowsOf(compared),
      targets: [
        ...atMost(0.55, ratio(compared, names.croupier, names.colyseus), "broadcast: CPU of croupier ≤ 0.55 × Colyseus (aim: 0.45)"),
        ...atMost(3, lightLatency(compared, names.croupier), "broadcast: p99 at 10 % load ≤ 3 ms"),
      ],
    };
  },
};
