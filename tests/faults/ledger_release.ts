/**
 * The ledger as a release deals it: LEDGER_VERSION=2 is the next one, which upgrades the rooms of the first, and
 * with LEDGER_UPGRADE=off one that cannot.
 */
import type { Game } from "#game_server/game.ts";
import { type LedgerState, ledger } from "#simulation/ledger.ts";

export function ledgerOfRelease(env: NodeJS.ProcessEnv): Game<LedgerState> {
  const version = Number(env["LEDGER_VERSION"] ?? ledger.version);
  const upgrades = env["LEDGER_UPGRADE"] !== "off";
  return { ...ledger, version, ...(upgrades ? { upgrade: (state: unknown) => state as LedgerState } : {}) };
}
