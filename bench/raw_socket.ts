/**
 * A client's end of a WebSocket with as little as it takes, so that whoever asks is never slower than who answers: messages
 * are bytes that were masked beforehand, with a key of zeros, and what comes is read where it lies.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const binary = 0x82;
const pong = 0x8a;
const nothing = Buffer.alloc(0);
/** Where all sockets read into, one after another. */
const incoming = Buffer.alloc(64 * 1024);
const opcodes = { message: 0x2, close: 0x8, ping: 0x9 } as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Upgrade {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message as it goes over the wire. */
export function masked(message: Uint8Array, first: number = binary): Uint8Array {
  const { length } = message;
  const header = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 0xff];
  return Uint8Array.from([...header, 0, 0, 0, 0, ...message]);
}

export class RawSocket {
  /** Called with each message: a view that is good until it returns. */
  onMessage: (message: Buffer) => void = () => {};
  onClose: () => void = () => {};
  readonly #socket: Socket;
  #left: Buffer;

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#left = head;
    socket.on("close", () => this.onClose());
    setImmediate(() => this.#read(nothing)); // what came with the upgrade, once there is somebody to hear it
  }

  /** @throws when the upgrade is refused, with the status line. */
  static open({ host, port }: Address, { path, headers = {} }: Upgrade): Promise<RawSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<RawSocket>();
    let answer: Buffer = nothing;
    const greet = (data: Buffer): void => {
      answer = Buffer.concat([answer, data]);
      const end = answer.indexOf("\r\n\r\n");
      if (end === -1) return;
      const status = answer.toString("latin1", 0, answer.indexOf("\r\n"));
      if (!status.includes(" 101 ")) {
        socket.destroy();
        return reject(new Error(status));
      }
      const opened = new RawSocket(socket, answer.subarray(end + 4));
      read = (data) => opened.#read(data);
      resolve(opened);
    };
    let read = greet;
    const callback = (length: number): boolean => {
      read(incoming.subarray(0, length));
      return true;
    };
    const socket = connect({ host, port, noDelay: true, onread: { buffer: incoming, callback } });
    socket.on("error", () => {}); // its close follows
    socket.once("close", () => reject(new Error("closed before the upgrade")));
    socket.once("connect", () => {
      const upgrade = { Host: `${host}:${port}`, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
      const lines = Object.entries({ ...upgrade, "Sec-WebSocket-Key": randomBytes(16).toString("base64"), ...headers });
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    });
    return promise;
  }

  /** Sends what `masked` has made. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Ends without a close frame. */
  close(): void {
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    let bytes = this.#left.length === 0 ? data : Buffer.concat([this.#left, data]);
    for (let length = this.#take(bytes); length > 0; length = this.#take(bytes)) bytes = bytes.subarray(length);
    this.#left = bytes.length === 0 ? nothing : Buffer.from(bytes); // what it lies in is written anew
  }

  /** Takes one message off the beginning; gives its length on the wire, 0 when it is not all there. */
  #take(bytes: Buffer): number {
    if (bytes.length < 2) return 0;
    const short = (bytes[1] as number) & 0x7f;
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < header) return 0;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < header + length) return 0;
    const message = bytes.subarray(header, header + length);
    const opcode = (bytes[0] as number) & 0x0f;
    if (opcode === opcodes.message) this.onMessage(message);
    else if (opcode === opcodes.ping) this.send(masked(message, pong));
    else if (opcode === opcodes.close) this.#socket.end();
    return header + length;
  }
}
