/** The operator's command line of a release that deals the ledger too. */
import { deal } from "./deal.ts";
import { ledgerOfRelease } from "./ledger_release.ts";

deal(ledgerOfRelease(process.env));
await import("#clients/croupier.ts");
