/**
 * What the house has to say: that the way to the table is broken or paused, that it moves, that it will be closed. Sentences
 * are read out once, the time that is left beside them is not.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ClientState, Notice, NoticeReason } from "#clients/client.ts";
import type { Catalogue } from "./catalogue.ts";
import type { TableState } from "./table_state.ts";
import { timeOf, useWords } from "./words.ts";

/** How long what is over is still told. */
const inPassingMs = 8000;

interface HouseSaysProps {
  readonly state: TableState;
  onDismiss(): void;
  onAgain(): void;
}

export function HouseSays({ state: { client, notices, message }, onDismiss, onAgain }: HouseSaysProps) {
  const words = useWords();
  const left = (reason: NoticeReason, say: (time: string) => string): string => leftOf(notices, reason, say);
  const has = (reason: NoticeReason): boolean => notices.some((notice) => notice.reason === reason);
  const back = useInPassing(client);
  return (
    <div class="house" role="status">
      <Way client={client} words={words} beside={left("held", words.pausedFor)} />
      {back !== undefined && back !== "stay" && (
        <Banner kind="good">{{ move: words.moved, pause: words.resumed, reconnect: words.reconnected }[back]}</Banner>
      )}
      {has("drain") && (
        <Banner kind="warning" beside={left("drain", words.closesIn)}>
          {words.closes}
        </Banner>
      )}
      {has("gate restart") && (
        <Banner kind="calm" beside={left("gate restart", words.restartsIn)}>
          {words.entranceRestarts}
        </Banner>
      )}
      {message !== "" && (
        <Banner kind="calm" onDismiss={onDismiss}>
          <strong>{words.fromTheHouse}</strong> {message}
        </Banner>
      )}
      {(client.is === "outside" || client.is === "gone") && <Over client={client} words={words} onAgain={onAgain} />}
    </div>
  );
}

/** The way to the table, where it is not as it should be. */
function Way({ client, words, beside }: { client: ClientState; words: Catalogue; beside: string }) {
  if (client.is === "connecting") return <Banner kind={isLost(client) ? "warning" : "calm"}>{connectingWords(words, client)}</Banner>;
  if (client.is === "moving") return <Banner kind="calm">{words.moving}</Banner>;
  if (client.is !== "paused") return null;
  return (
    <Banner kind="warning" beside={beside}>
      {words.paused}
    </Banner>
  );
}

type Connecting = Extract<ClientState, { is: "connecting" }>;

/** A server that is down has no tokens either. */
function isLost({ because }: Connecting): boolean {
  return because === "lost" || because === "no token";
}

function connectingWords(words: Catalogue, client: Connecting): string {
  const { because, delayMs } = client;
  if (isLost(client)) return delayMs < 1000 ? words.reconnecting : words.reconnectingIn(Math.ceil(delayMs / 1000));
  if (because === "restart") return words.restarting;
  if (because === "sit") return words.sittingDown;
  return because === "refused" || because === "room lost" || because === "try later" ? words.tryingTable : words.connecting;
}

type NotThere = Extract<ClientState, { is: "outside" | "gone" }>;

function Over({ client, words, onAgain }: { client: NotThere; words: Catalogue; onAgain(): void }) {
  const isHere = client.is === "outside" && client.because === "replaced";
  return (
    <div class="banner warning">
      <p>{overWords(words, client)}</p>
      <div class="row">
        <button type="button" onClick={onAgain}>
          {isHere ? words.playHere : words.tryAgain}
        </button>
        <a class="button" href="#lobby">
          {words.backToLobby}
        </a>
      </div>
    </div>
  );
}

function overWords(words: Catalogue, client: NotThere): string {
  if (client.is === "gone")
    return { closed: words.outside, removed: words.removed, rejected: words.broken, "never let in": words.tokenRefused }[client.because];
  if (client.because === "refused" && client.error !== undefined) return words.saidRefused(client.error);
  if (client.because === "room over") return words.tableOver;
  if (client.because === "replaced") return words.replaced;
  return client.because === "stood up" ? words.stoodUp : words.outside;
}

interface BannerProps {
  readonly kind: "calm" | "good" | "warning";
  readonly children: ComponentChildren;
  /** A time that changes. */
  readonly beside?: string;
  onDismiss?(): void;
}

function Banner({ kind, children, beside = "", onDismiss }: BannerProps) {
  const words = useWords();
  return (
    <div class={`banner ${kind}`}>
      <p>{children}</p>
      {beside !== "" && (
        <span class="beside" aria-live="off" role="timer">
          {beside}
        </span>
      )}
      {onDismiss !== undefined && (
        <button type="button" class="quiet" onClick={onDismiss}>
          {words.dismiss}
        </button>
      )}
    </div>
  );
}

/** From what the client has come back, for a while. */
function useInPassing(client: ClientState): Extract<ClientState, { is: "back" }>["from"] | undefined {
  const [over, setOver] = useState<ClientState>();
  useEffect(() => {
    if (client.is !== "back") return;
    const timer = setTimeout(() => setOver(client), inPassingMs);
    return () => clearTimeout(timer);
  }, [client]);
  return client.is === "back" && client !== over ? client.from : undefined;
}

function leftOf(notices: readonly Notice[], reason: NoticeReason, say: (time: string) => string): string {
  const leftMs = notices.find((notice) => notice.reason === reason)?.leftMs;
  return leftMs === undefined ? "" : say(timeOf(leftMs));
}
