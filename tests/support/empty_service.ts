/** A process that has nothing to do. */
import type { Service } from "#runtime/process.ts";

export const emptyService: Service = {
  ...{ ready: "ok", waitsFor: "nothing", drainKind: "close", load: { rooms: 0, players: 0, sessions: 0 } },
  ...{ start: async () => 0, stop: async () => {}, register: () => {}, addRoutes: () => {} },
  ...{ drain: () => {}, undo: () => true, park: () => false, dissolve: () => {}, isEmpty: () => true },
};
