/**
 * What a link needs of whatever carries it: whole batches, in order, until it closes.
 * Kinds: a WebSocket between processes, a pair in memory within one.
 */
export interface LinkListener {
  onBatch(batch: Uint8Array): void;
  /** Called once, whoever closed. */
  onClose(why: string): void;
}

export interface LinkSocket {
  /** Where the other end is, for logs. */
  readonly peer: string;
  /** Bytes accepted by `send` and not yet handed to the system. */
  readonly queuedBytes: number;
  /** To be called once, before the first turn ends; nothing is delivered earlier. */
  listen(listener: LinkListener): void;
  send(batch: Uint8Array): void;
  /** Closes when what was sent has left. */
  end(): void;
  /** Cuts the connection at once; what is queued may be lost. */
  cut(): void;
}
