/** The page: who is asked, and which part of it is shown. */
import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import { AdminClient } from "#clients/croupier/admin.ts";
import { usePoll } from "#clients/web/shared/poll.ts";
import { Alarms } from "./alarms.tsx";
import { FleetView } from "./fleet_view.tsx";
import { History, type Sample, sampleOf } from "./history.ts";
import { keepAddresses, keepToken, knownAddresses, knownToken } from "./known.ts";
import { isThere, lookAt, type Member, type MemberAway, mayOperate } from "./member.ts";
import { Processes } from "./processes.tsx";
import { RefusalsView } from "./refusals_view.tsx";
import { RoomView } from "./room_view.tsx";
import { RoomsView } from "./rooms_view.tsx";
import { hrefOf, type Route, useRoute } from "./route.ts";
import { SessionsView } from "./sessions_view.tsx";
import { TokenForm } from "./token_form.tsx";
import { Watches } from "./watches.ts";

const lookEveryMs = 1000;
/** What metrics say is for a glance: they are a hundred lines each. */
const sampleEveryMs = 5000;

const parts = [
  ["fleet", "Fleet"],
  ["rooms", "Rooms"],
  ["sessions", "Sessions"],
  ["refusals", "Refusals"],
] as const;

export function App(): VNode {
  const route = useRoute();
  const [token, setToken] = useState(knownToken);
  const [addresses, setAddresses] = useState(knownAddresses);
  const [members, setMembers] = useState<readonly Member[]>([]);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const watches = useMemo(() => new Watches(), []);
  const history = useMemo(() => new History(), []);
  const admins = useMemo(() => [...new Set([location.origin, ...addresses])].map((url) => new AdminClient(url, token)), [token, addresses]);

  usePoll(
    async (signal) => {
      const before = new Map(members.map((member) => [member.admin.url, member]));
      const now = await Promise.all(admins.map((admin) => lookAt(admin, before.get(admin.url), signal)));
      watches.look(now, performance.now());
      setMembers(now);
    },
    lookEveryMs,
    [admins],
  );
  usePoll(
    async (signal) => {
      const taken = await Promise.all(admins.map((admin) => sampleOf(admin, signal)));
      setSamples(history.add(taken.filter((sample) => sample !== undefined)));
    },
    sampleEveryMs,
    [admins],
  );

  const setKeptToken = (given: string | undefined): void => {
    keepToken(given);
    setToken(given);
  };
  const setKeptAddresses = (given: readonly string[]): void => {
    keepAddresses(given);
    setAddresses([...given]);
  };
  // Of the look before, and by the token before, until the next one is over.
  const denied = members.find((member): member is MemberAway => member.is === "denied" && admins.includes(member.admin));
  return (
    <>
      <Header route={route} role={roleIn(members)} onForget={token === undefined ? undefined : () => setKeptToken(undefined)} />
      <main>
        {denied && <TokenForm why={token === undefined ? undefined : denied.why} onToken={setKeptToken} />}
        <Alarms members={members} samples={samples} />
        {members.some(isThere) && <Part route={route} members={members} samples={samples} watches={watches} />}
        <Processes members={members} addresses={addresses} onAddresses={setKeptAddresses} />
      </main>
    </>
  );
}

interface PartProps {
  readonly route: Route;
  readonly members: readonly Member[];
  readonly samples: readonly Sample[];
  readonly watches: Watches;
}

function Part({ route, members, samples, watches }: PartProps): VNode {
  switch (route.at) {
    case "fleet":
      return <FleetView members={members} watches={watches} />;
    case "rooms":
      return <RoomsView members={members} />;
    case "room":
      return <RoomView key={route.which} which={route.which} members={members} />;
    case "sessions":
      return <SessionsView members={members} />;
    case "refusals":
      return <RefusalsView samples={samples} />;
  }
}

interface HeaderProps {
  readonly route: Route;
  readonly role: string;
  readonly onForget: (() => void) | undefined;
}

function Header({ route, role, onForget }: HeaderProps): VNode {
  const shown = route.at === "room" ? "rooms" : route.at;
  return (
    <header>
      <h1>Croupier</h1>
      <nav aria-label="Parts of this page">
        {parts.map(([at, words]) => (
          <a key={at} href={hrefOf({ at })} aria-current={at === shown ? "page" : undefined}>
            {words}
          </a>
        ))}
      </nav>
      <p class="role">
        {role}
        {onForget && (
          <button type="button" class="quiet" onClick={onForget}>
            Forget the token
          </button>
        )}
      </p>
    </header>
  );
}

function roleIn(members: readonly Member[]): string {
  if (!members.some(isThere)) return "";
  return members.some(mayOperate) ? "You may operate." : "You may look.";
}
