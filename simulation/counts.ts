/** What happened in a run, counted. */
export const noCounts = {
  ...{ events: 0, inputs: 0, receipts: 0, kills: 0, killsInTurn: 0, gateKills: 0, redisKills: 0, redisForgets: 0, redisGoesBack: 0 },
  ...{ cuts: 0, partitions: 0, pauses: 0, successions: 0, fullDisks: 0, powerCuts: 0, restored: 0, resumed: 0 },
  ...{ moves: 0, moved: 0, movedBack: 0, killsInMove: 0, drains: 0, undone: 0, dissolving: 0, parked: 0, exits: 0, conflicts: 0 },
};

export type Counts = { -readonly [Name in keyof typeof noCounts]: number };
