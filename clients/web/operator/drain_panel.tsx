/** A drain, room by room: how much is left, who took how many, and where each room is. */
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { leftOf } from "#clients/croupier/drain_lines.ts";
import { counted, seconds } from "#clients/croupier/words.ts";
import { usePoll } from "#clients/web/shared/poll.ts";
import { type DrainIs, type DrainWatch, type Followed, followedMax } from "./drain_watch.ts";
import { gameServers } from "./fleet.ts";
import { dealsRooms, type Member } from "./member.ts";
import { hrefOf } from "./route.ts";
import { type Columns, Table } from "./table.tsx";

const lookEveryMs = 500;

interface Props {
  readonly watch: DrainWatch;
  readonly members: readonly Member[];
  readonly onClose: () => void;
}

export function DrainPanel({ watch, members, onClose }: Props): VNode {
  const [, setLooks] = useState(0);
  const title = useId();
  const others = members.filter((member) => dealsRooms(member) && member.admin.url !== watch.from.url).map(({ admin }) => admin);
  const member = members.find(({ admin }) => admin.url === watch.from.url);
  usePoll(
    async (signal) => {
      if (member !== undefined && !dealsRooms(member)) return; // a gate has no rooms to follow
      await watch.look(others, signal);
      setLooks((looks) => looks + 1);
    },
    lookEveryMs,
    [watch, others.map(({ url }) => url).join()],
  );
  const { followed, name } = watch;
  const gone = followed.filter(({ is }) => is !== "here").length;
  return (
    <section class="drain" aria-labelledby={title}>
      <h2 id={title}>{`The drain of ${name}`}</h2>
      <p aria-live="polite">{summaryOf(watch.is, name, member)}</p>
      <p>{deadlineOf(watch.is, member)}</p>
      {followed.length > 0 && (
        <>
          <p>
            <label>
              <span>{`${gone} of ${counted(followed.length, "room")} have left`}</span>
              <progress value={gone} max={followed.length} />
            </label>
          </p>
          <ul>
            {[...watch.taken].map(([url, rooms]) => (
              <li key={url}>{`${counted(rooms, "room")} to ${takerOf(url, members)}`}</li>
            ))}
          </ul>
          <Table
            caption={followed.length < followedMax ? "Rooms of the drain" : `Rooms of the drain: the first ${followedMax}`}
            columns={columnsOf(members)}
            items={followed}
            keyOf={({ room }) => room.life}
            none="It had none."
          />
        </>
      )}
      {watch.is !== "under way" && (
        <button type="button" class="quiet" onClick={onClose}>
          Close this
        </button>
      )}
    </section>
  );
}

function columnsOf(members: readonly Member[]): Columns<Followed> {
  return [
    ["Room", ({ room }) => <a href={hrefOf({ at: "room", which: room.life })}>{`${room.game}/${room.id}`}</a>],
    ["Users", ({ room }) => room.users],
    ["Epoch", ({ room }) => room.epoch],
    ["Where", (one) => <span class={`room-${one.is}`}>{whereOf(one, members)}</span>],
  ];
}

function whereOf({ is, at }: Followed, members: readonly Member[]): string {
  if (is === "moved") return `at ${takerOf(at ?? "", members)}`;
  if (is === "over") return "over, or parked";
  return is === "left" ? "has left" : "still here";
}

function takerOf(url: string, members: readonly Member[]): string {
  return gameServers(members).find(({ member }) => member?.admin.url === url)?.name ?? url;
}

function summaryOf(is: DrainIs, name: string, member: Member | undefined): string {
  if (is === "silent") return `${name} is gone, or out of reach.`;
  if (is === "gone") return `${name} is gone, and its successor is there.`;
  if (is === "taken back" || member?.is !== "there") return `The drain was taken back: ${name} serves again.`;
  return `${leftOf(member.about.drain)}.`;
}

/** Apart: it changes all the time, and is not read out. */
function deadlineOf(is: DrainIs, member: Member | undefined): string {
  const leftMs = is === "under way" && member?.is === "there" ? member.about.drain.deadlineLeftMs : undefined;
  return leftMs === undefined ? "" : `Deadline in ${seconds(leftMs)}.`;
}
