/** One room as it is now: who sits there, what Print shows, and the buttons that move and end it. It is followed where it moves. */
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { type AdminClient, patienceMs } from "#clients/croupier/admin.ts";
import { counted } from "#clients/croupier/words.ts";
import { usePoll } from "#clients/web/shared/poll.ts";
import type { MovedView, RoomDetailView, SeatView, ServerView } from "#protocol/admin_views.ts";
import { Dialog } from "./dialog.tsx";
import { gameServers, serversSeen } from "./fleet.ts";
import { dealsRooms, lastOf, type Member, mayOperate } from "./member.ts";
import { type Columns, Table } from "./table.tsx";
import { troubleIn, unlessTrouble } from "./trouble.ts";

const lookEveryMs = 1000;

interface Found {
  readonly admin: AdminClient;
  readonly room: RoomDetailView;
}

export function RoomView({ which, members }: { which: string; members: readonly Member[] }): VNode {
  const [found, setFound] = useState<Found | undefined>(undefined);
  const [isLost, setLost] = useState(false);
  const last = useRef<AdminClient>(undefined);
  const admins = members.filter(dealsRooms).map(({ admin }) => admin);
  usePoll(
    async (signal) => {
      const now = await find(which, [...(last.current ? [last.current] : []), ...admins.filter((admin) => admin !== last.current)], signal);
      last.current = now?.admin;
      setLost(now === undefined);
      if (now !== undefined) setFound(now);
    },
    lookEveryMs,
    [which, admins.map(({ url }) => url).join()],
  );
  const lost =
    isLost && "It is played by nobody who is asked here: it is over, or on its way, or at a game server that this page does not ask.";
  return (
    <section aria-labelledby="room-title">
      <h2 id="room-title">{found === undefined ? `Room ${which}` : `Room ${found.room.game}/${found.room.id}`}</h2>
      <p role="status" class="trouble">
        {lost || ""}
      </p>
      {found && <Room found={found} isLost={isLost} members={members} />}
    </section>
  );
}

interface RoomProps {
  readonly found: Found;
  readonly isLost: boolean;
  readonly members: readonly Member[];
}

function Room({ found: { admin, room }, isLost, members }: RoomProps): VNode {
  const member = members.find((one) => one.admin.url === admin.url);
  const at = gameServers(members).find((server) => server.member === member)?.name ?? admin.url;
  return (
    <>
      <dl class="facts">
        {factsOf(room, at).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {!isLost && member && mayOperate(member) && <Buttons admin={admin} room={room} targets={targetsOf(members, member)} />}
      <h3>Seats</h3>
      <Table caption="Seats" columns={seatColumns} items={room.seated} keyOf={({ seat }) => String(seat)} none="Nobody sits here." />
      <h3 id="print-title">What Print shows</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys, too */}
      <figure class="scrolls" tabIndex={0} aria-labelledby="print-title">
        <pre>{room.print.trimEnd()}</pre>
      </figure>
    </>
  );
}

function factsOf({ phase, seats, free, watchers, epoch, version, life }: RoomDetailView, at: string): (readonly [string, string])[] {
  return [
    ["At", at],
    ["Phase", phase],
    ["Seats", `${seats - free} of ${seats}, ${counted(watchers, "watcher")}`],
    ["Epoch", String(epoch)],
    ["State version", String(version)],
    ["Life", life],
  ];
}

const seatColumns: Columns<SeatView> = [
  ["Seat", ({ seat }) => seat],
  ["User", ({ user }) => user],
  ["State", stateOf],
  ["Session", ({ session }) => session && <code>{session}</code>],
];

/** Others see one who is absent as online. */
function stateOf({ online, absent }: SeatView): string {
  if (absent) return "absent";
  return online ? "online" : "offline";
}

interface ButtonsProps {
  readonly admin: AdminClient;
  readonly room: RoomDetailView;
  readonly targets: readonly ServerView[];
}

function Buttons({ admin, room: { game, id, life, users }, targets }: ButtonsProps): VNode {
  const [said, setSaid] = useState("");
  const [isEnding, setEnding] = useState(false);
  const path = `/rooms/${life}`;
  const onMove = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const to = String(new FormData(event.currentTarget as HTMLFormElement).get("to") ?? "");
    setSaid("On its way…");
    const query = to === "" ? "" : `?to=${encodeURIComponent(to)}`;
    try {
      const moved = await admin.ask<MovedView>("POST", `${path}/move${query}`, { timeoutMs: patienceMs });
      setSaid(`It is at ${nameOf(moved.to, targets)} now.`);
    } catch (thrown) {
      setSaid(troubleIn(thrown));
    }
  };
  return (
    <>
      <form class="row" onSubmit={onMove}>
        <label>
          <span>Move it to</span>
          <select name="to">
            <option value="">the best one</option>
            {targets.map(({ journal = "" }) => (
              <option key={journal} value={journal}>
                {nameOf(journal, targets)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Move</button>
        <button type="button" class="danger" onClick={() => setEnding(true)}>
          Dissolve…
        </button>
      </form>
      <p role="status">{said}</p>
      {isEnding && (
        <Dialog
          title={`Dissolve ${game}/${id}?`}
          action="Dissolve it"
          onAct={async () => void (await admin.ask("POST", `${path}/dissolve`))}
          onClose={() => setEnding(false)}
        >
          <p>{`It is settled early, and ${counted(users, "user")} sent away. Nobody can take that back.`}</p>
        </Dialog>
      )}
    </>
  );
}

/** Who may be given it: whoever is linked and takes rooms, and does not have it. */
function targetsOf(members: readonly Member[], owner: Member): ServerView[] {
  const own = lastOf(owner)?.journal;
  return serversSeen(members).filter(
    ({ journal, isLinked, isOffered }) => isLinked && isOffered && journal !== undefined && journal !== own,
  );
}

function nameOf(journal: string, servers: readonly ServerView[]): string {
  const server = servers.find((one) => one.journal === journal);
  return server === undefined ? journal : `${server.machine ?? "game server"} (${server.address})`;
}

/** Whoever plays it; undefined: nobody. */
async function find(which: string, admins: readonly AdminClient[], signal: AbortSignal): Promise<Found | undefined> {
  const path = `/rooms/${which.split("/").map(encodeURIComponent).join("/")}`;
  for (const admin of admins) {
    const room = await unlessTrouble(() => admin.ask<RoomDetailView>("GET", path, { signal }), signal);
    if (room !== undefined) return { admin, room };
  }
  return undefined;
}
