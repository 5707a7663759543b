/**
 * What is compared: some processes that answer a player over a WebSocket, and the bytes in which they are spoken to. Kinds
 * are in subjects/.
 */
import type { Pinned } from "./pinned.ts";
import { type Address, masked, RawSocket, type Upgrade } from "./raw_socket.ts";

/** How a kind of server is spoken to. Messages are WebSocket messages, unmasked. */
export interface Wire {
  /** Where and how this player's socket opens; whatever must be asked for beforehand is asked for here. */
  upgrade(address: Address, user: number, room: number): Upgrade | Promise<Upgrade>;
  /** What he says as soon as his socket is open. */
  greeting(user: number, room: number): readonly Uint8Array[];
  /** What he answers to a message before he is seated, and whether he is. */
  onGreeting(message: Buffer): { readonly isSeated: boolean; readonly answer?: Uint8Array };
  /** Is answered to him alone. */
  ask(payload: Uint8Array): Uint8Array;
  /** Is told to everybody in his room, himself too. */
  tell(payload: Uint8Array): Uint8Array;
  /** Where the payload of a message lies that answers either; -1: the message is another one. */
  payloadAt(message: Buffer): number;
}

export interface Subject {
  /** As it is called in tables. */
  readonly name: string;
  readonly address: Address;
  readonly wire: Wire;
  /** Its processes, by what they are: all on one core. */
  readonly processes: Readonly<Record<string, Pinned>>;
  stop(): Promise<void>;
}

/** As much of a subject as whoever comes in must know. */
export interface Entrance {
  readonly address: Address;
  readonly wire: Pick<Wire, "upgrade" | "greeting" | "onGreeting">;
}

/** Comes in and sits down; gives the socket. @throws when the upgrade or the seat is refused, or the socket ends first. */
export async function join({ address, wire }: Entrance, user: number, room: number): Promise<RawSocket> {
  const socket = await RawSocket.open(address, await wire.upgrade(address, user, room));
  await new Promise<void>((resolve, reject) => {
    socket.onClose = () => reject(new Error(`user ${user} was closed before he had a seat`));
    socket.onMessage = (message) => {
      try {
        const { isSeated, answer } = wire.onGreeting(message);
        if (answer !== undefined) socket.send(masked(answer));
        if (isSeated) resolve();
      } catch (thrown) {
        socket.close();
        reject(thrown);
      }
    };
    for (const message of wire.greeting(user, room)) socket.send(masked(message));
  });
  socket.onClose = () => {};
  socket.onMessage = () => {};
  return socket;
}
