/** The fleet: gates, game servers, what is under way in it, and the buttons that take a process out of service and back. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { lineOf } from "#clients/croupier/drain_lines.ts";
import { roomsIn } from "#clients/croupier/rooms_and_users.ts";
import { counted } from "#clients/croupier/words.ts";
import { usePoll } from "#clients/web/shared/poll.ts";
import { isLeaving } from "#protocol/admin_views.ts";
import { Dialog } from "./dialog.tsx";
import { DrainPanel } from "./drain_panel.tsx";
import { type GameServer, gameServers, nameOf } from "./fleet.ts";
import { hasSessions, isThere, lastOf, type Member, type MemberThere, mayOperate } from "./member.ts";
import { Rollout } from "./rollout.tsx";
import { type Columns, Table } from "./table.tsx";
import type { Watches } from "./watches.ts";

const rememberEveryMs = 3000;

interface Props {
  readonly members: readonly Member[];
  readonly watches: Watches;
}

export function FleetView({ members, watches }: Props): VNode {
  const [asked, setAsked] = useState<MemberThere | undefined>(undefined);
  usePoll((signal) => watches.remember(members, signal), rememberEveryMs, [members.map(({ admin }) => admin.url).join()]);
  const buttonOf = (member: Member): VNode | undefined =>
    isThere(member) && mayOperate(member) ? <DrainButton member={member} members={members} onAsk={() => setAsked(member)} /> : undefined;
  return (
    <>
      <section aria-labelledby="gates-title">
        <h2 id="gates-title">Gates</h2>
        <Table
          caption="Gates"
          columns={gateColumns(members, buttonOf)}
          items={members.filter(hasSessions)}
          keyOf={({ admin }) => admin.url}
          none="This page asks no gate: add one below."
        />
      </section>
      <section aria-labelledby="servers-title">
        <h2 id="servers-title">Game servers</h2>
        <Table
          caption="Game servers"
          columns={serverColumns(members, buttonOf)}
          items={gameServers(members)}
          keyOf={({ name }) => name}
          none="None is known here: ask a gate, or add one below."
        />
      </section>
      {watches.drains.map((watch) => (
        <DrainPanel key={watch.from.url} watch={watch} members={members} onClose={() => watches.forget(watch)} />
      ))}
      <Rollout watches={watches} />
      {asked && <DrainDialog member={asked} members={members} watches={watches} onClose={() => setAsked(undefined)} />}
    </>
  );
}

type ButtonOf = (member: Member) => VNode | undefined;

function gateColumns(members: readonly Member[], buttonOf: ButtonOf): Columns<Member> {
  return [
    ["Gate", (member) => nameOf(member, members)],
    ["Release", (member) => lastOf(member)?.process.release],
    ["State", stateOf],
    ["Sessions", (member) => (isThere(member) ? member.about.drain.sessions : undefined)],
    [
      "Game servers linked",
      (member) => (isThere(member) ? member.about.servers?.servers.filter(({ isLinked }) => isLinked).length : undefined),
    ],
    ["Rooms held", (member) => (isThere(member) ? member.about.servers?.held : undefined)],
    ...(members.some(mayOperate) ? ([["Do", buttonOf]] as const) : []),
  ];
}

function serverColumns(members: readonly Member[], buttonOf: ButtonOf): Columns<GameServer> {
  return [
    ["Game server", ({ name }) => name],
    ["Release", ({ view, member }) => view?.release ?? (member && lastOf(member)?.process.release)],
    ["State", stateOfServer],
    ["Its drain", ({ view, member }) => view?.drain ?? (member && lastOf(member)?.drain.kind)],
    ["Rooms", (server) => loadOf(server)?.rooms],
    ["Users", (server) => loadOf(server)?.users],
    ["Unreadable", ({ view }) => view?.unreadable && roomsIn(view.unreadable)],
    ...(members.some(mayOperate)
      ? ([["Do", ({ member }: GameServer) => (member === undefined ? "Ask it, too, below" : buttonOf(member))]] as const)
      : []),
  ];
}

function stateOf(member: Member): string {
  return member.is === "there" ? member.about.drain.stage : "does not answer";
}

function stateOfServer({ view, member }: GameServer): string {
  if (member?.is === "there" && member.about.drain.stage !== "serving") return member.about.drain.stage;
  if (view === undefined) return member === undefined ? "" : stateOf(member);
  if (!view.isLinked) return "not linked";
  if (isLeaving(view)) return view.stage ?? "leaving";
  return view.isOffered ? "serving" : "takes no rooms";
}

function loadOf({ view, member }: GameServer): { readonly rooms: number; readonly users: number } | undefined {
  if (member?.is === "there") return { rooms: member.about.drain.rooms, users: member.about.drain.players };
  return view?.isLinked ? view : undefined;
}

interface ButtonProps {
  readonly member: MemberThere;
  readonly members: readonly Member[];
  readonly onAsk: () => void;
}

function DrainButton({ member, members, onAsk }: ButtonProps): VNode {
  return (
    <button type="button" onClick={onAsk}>
      {isServing(member) ? "Drain" : "Undo the drain"} <span class="unseen">of {nameOf(member, members)}</span>
    </button>
  );
}

function isServing({ about }: MemberThere): boolean {
  return about.drain.stage === "serving";
}

interface DialogProps {
  readonly member: MemberThere;
  readonly members: readonly Member[];
  readonly watches: Watches;
  readonly onClose: () => void;
}

/** What it says is what was so when it was asked for. */
function DrainDialog({ member, members, watches, onClose }: DialogProps): VNode {
  const name = nameOf(member, members);
  const starts = isServing(member);
  const act = async (): Promise<void> => {
    const { admin } = member;
    if (starts) await watches.begin(member, name, () => admin.ask("POST", "/drain"));
    else await admin.ask("DELETE", "/drain");
  };
  return (
    <Dialog
      title={starts ? `Drain ${name}?` : `Take the drain of ${name} back?`}
      action={starts ? "Drain it" : "Take it back"}
      onAct={act}
      onClose={onClose}
    >
      <p>{`${lineOf(member.about.drain)}.`}</p>
      <p>
        {starts
          ? "It opens no new rooms, gives away what it has, and exits when nothing is left. Until then this can be taken back."
          : `It takes rooms again. What has moved stays where it is, and ${counted(member.about.drain.rooms, "room")} here.`}
      </p>
    </Dialog>
  );
}
