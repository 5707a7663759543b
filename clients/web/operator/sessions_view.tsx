/** Who is connected to the gates, by what is searched for; a session is closed here, and a user told something. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { AdminClient } from "#clients/croupier/admin.ts";
import { messageCharactersMax, openStages, type SessionsPageView, type SessionView } from "#protocol/admin_views.ts";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { nameOf } from "./fleet.ts";
import { ListView } from "./list_view.tsx";
import { hasSessions, isThere, type Member, mayOperate } from "./member.ts";
import { type Pager, usePager } from "./pager.ts";
import { hrefOf } from "./route.ts";
import type { Columns } from "./table.tsx";
import { tellUser } from "./tell_user.ts";

type Listed = Pager<SessionView>["items"][number];

/** What is to be done, once it is confirmed. */
interface Asked {
  readonly does: "kick" | "message";
  readonly listed: Listed;
}

export function SessionsView({ members }: { members: readonly Member[] }): VNode {
  const [filters, setFilters] = useState("");
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const [said, setSaid] = useState("");
  const gates = members.filter((member) => isThere(member) && hasSessions(member));
  const pager = usePager<SessionView>(
    gates.map(({ admin }) => admin),
    filters,
    readSessions,
  );
  return (
    <section aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions</h2>
      <ListView
        caption="Sessions"
        what="session"
        pager={pager}
        columns={columnsOf(members, setAsked)}
        keyOf={({ id }) => id}
        onSearch={setFilters}
      >
        <Field label="User" name="user" inputMode="numeric" pattern="[1-9][0-9]{0,15}" />
        <Field label="Game" name="game" placeholder="dice" />
        <Field label="Room" name="room" inputMode="numeric" />
        <Field label="Address" name="address" />
        <label>
          <span>Stage</span>
          <select name="stage">
            <option value="">any</option>
            {openStages.map((stage) => (
              <option key={stage}>{stage}</option>
            ))}
          </select>
        </label>
      </ListView>
      <p role="status">{said}</p>
      {asked?.does === "kick" && <Kick listed={asked.listed} onDone={setSaid} onClose={() => setAsked(undefined)} />}
      {asked?.does === "message" && (
        <Message
          user={asked.listed.item.user}
          gates={gates.map(({ admin }) => admin)}
          onDone={setSaid}
          onClose={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}

function columnsOf(members: readonly Member[], ask: (asked: Asked) => void): Columns<Listed> {
  const mayAt = ({ url }: AdminClient): boolean => members.some((member) => member.admin.url === url && mayOperate(member));
  const gateOf = ({ url }: AdminClient): string => {
    const member = members.find(({ admin }) => admin.url === url);
    return member === undefined ? url : nameOf(member, members);
  };
  return [
    ["Session", ({ item }) => <code>{item.id}</code>],
    ["User", ({ item }) => item.user],
    ["Stage", ({ item }) => item.stage],
    [
      "Room",
      ({ item: { game, room, life } }) =>
        game && <a href={hrefOf({ at: "room", which: life ?? `${game}/${room}` })}>{`${game}/${room}`}</a>,
    ],
    ["Gate", ({ admin }) => gateOf(admin)],
    ["Address", ({ item }) => item.address],
    ["Since", ({ item }) => <time dateTime={item.openedAt}>{new Date(item.openedAt).toLocaleString("en-GB")}</time>],
    ["Unacknowledged", ({ item }) => item.unacknowledged],
    ...(members.some(mayOperate)
      ? ([["Do", (listed: Listed) => (mayAt(listed.admin) ? <Buttons listed={listed} ask={ask} /> : "")]] as const)
      : []),
  ];
}

function Buttons({ listed, ask }: { listed: Listed; ask: (asked: Asked) => void }): VNode {
  const { user } = listed.item;
  return (
    <span class="actions">
      <button type="button" onClick={() => ask({ does: "message", listed })}>
        Message… <span class="unseen">to user {user}</span>
      </button>
      <button type="button" class="danger" onClick={() => ask({ does: "kick", listed })}>
        Kick… <span class="unseen">user {user}</span>
      </button>
    </span>
  );
}

interface DoneProps {
  readonly onDone: (said: string) => void;
  readonly onClose: () => void;
}

function Kick({ listed: { admin, item }, onDone, onClose }: DoneProps & { readonly listed: Listed }): VNode {
  const act = async (): Promise<void> => {
    await admin.ask("POST", `/sessions/${encodeURIComponent(item.id)}/kick`);
    onDone(`Session ${item.id} of user ${item.user} is closed.`);
  };
  return (
    <Dialog title={`Kick user ${item.user}?`} action="Kick" onAct={act} onClose={onClose}>
      <p>{`Session ${item.id} is closed with 4500, for its client to stay away. Its game is asked whether the seat is kept.`}</p>
    </Dialog>
  );
}

function Message({ user, gates, onDone, onClose }: DoneProps & { readonly user: number; readonly gates: readonly AdminClient[] }): VNode {
  const act = async (form: FormData): Promise<void> => {
    const text = String(form.get("text") ?? "").replaceAll("\r\n", "\n");
    onDone(await tellUser(gates, user, text));
  };
  return (
    <Dialog title={`Message to user ${user}`} action="Send" onAct={act} onClose={onClose}>
      <label>
        <span>Text</span>
        <textarea name="text" required maxLength={messageCharactersMax} rows={3} />
      </label>
    </Dialog>
  );
}

async function readSessions(admin: AdminClient, query: string, signal: AbortSignal) {
  const { sessions, next } = await admin.ask<SessionsPageView>("GET", `/sessions?${query}`, { signal });
  return { items: sessions, next };
}
