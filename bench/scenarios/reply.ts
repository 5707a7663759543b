/** Whoever asks is answered. */
import { columns, compare, lightLatency, ratio, rowsOf } from "#bench/messages.ts";
import { atMost, type Scenario } from "#bench/scenario.ts";
import { names } from "#bench/subjects_at_hand.ts";

export const reply: Scenario = {
  name: "reply",
  about: "100 players in rooms of 4 ask, and each is answered alone",
  async run(options) {
    const compared = await compare("ask", options);
    return {
      title: "Request → reply",
      columns,
      rows: rowsOf(compared),
      targets: [
        ...atMost(1.15, ratio(compared, names.croupier, names.durableFloor), "reply: CPU of croupier ≤ 1.15 × the durable floor"),
        ...atMost(1.4, ratio(compared, names.croupier, names.colyseus), "reply: CPU of croupier ≤ 1.4 × Colyseus"),
        ...atMost(1.1, ratio(compared, names.inMemory, names.colyseus), "reply: CPU of croupier with JOURNAL=memory ≤ 1.1 × Colyseus"),
        ...atMost(3, lightLatency(compared, names.croupier), "reply: p99 at 10 % load ≤ 3 ms"),
      ],
    };
  },
};
