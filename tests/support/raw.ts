/** A bare TCP connection: writes what no honest client writes, and reads what comes back. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const handshakeKey = "dGhlIHNhbXBsZSBub25jZQ==";
const patienceMs = 15_000;

export class RawConnection {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#ended = true;
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** Opens and sends one request; gives the whole answer when the server has closed or answered in full. */
  static async ask(port: number, requestLine: string, headers: Record<string, string> = {}): Promise<Answer> {
    const connection = await RawConnection.open(port);
    connection.write(request(requestLine, { Host: "test", ...headers }));
    const answer = await connection.answer();
    connection.socket.destroy();
    return answer;
  }

  /** Opens a WebSocket by hand. */
  static async upgrade(port: number, token: string): Promise<RawConnection> {
    const connection = await RawConnection.open(port);
    connection.write(request(`GET /?token=${token}`, { Host: "test", ...upgradeHeaders }));
    const { status } = await connection.answer();
    if (status !== 101) throw new Error(`no upgrade: ${status}`);
    return connection;
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** The head of an HTTP answer; what follows it stays to be read. */
  async answer(): Promise<Answer> {
    await this.#until(() => this.#received.includes("\r\n\r\n"));
    const end = this.#received.indexOf("\r\n\r\n");
    const [statusLine = "", ...lines] = this.#received.subarray(0, end).toString().split("\r\n");
    this.#received = this.#received.subarray(end + 4);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const length = Number(headers["content-length"] ?? 0);
    await this.#until(() => this.#received.length >= length);
    const body = this.#received.subarray(0, length).toString();
    this.#received = this.#received.subarray(length);
    return { status: Number(statusLine.split(" ")[1]), headers, body };
  }

  /** The code of the server's close frame, after whatever other frames it sent. */
  async closeCode(): Promise<number> {
    for (;;) {
      await this.#until(() => this.#received.length >= 2);
      const [first = 0, second = 0] = this.#received;
      const wide = (second & 127) === 126;
      await this.#until(() => this.#received.length >= (wide ? 4 : 2));
      const length = wide ? this.#received.readUInt16BE(2) : second & 127;
      const head = wide ? 4 : 2;
      await this.#until(() => this.#received.length >= head + length);
      const payload = this.#received.subarray(head, head + length);
      this.#received = this.#received.subarray(head + length);
      if ((first & 15) === 8) return payload.readUInt16BE(0);
    }
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    await this.#until(() => this.#ended);
  }

  async #until(isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!isSo()) {
      if (this.#ended) throw new Error(`the server closed after ${JSON.stringify(this.#received.toString())}`);
      if (Date.now() > deadline) throw new Error(`nothing came after ${JSON.stringify(this.#received.toString())}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const upgradeHeaders = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": handshakeKey,
};

export function request(requestLine: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${requestLine} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A WebSocket frame as a client sends it, masked with zeros, unless `masked` is false. */
export function webSocketFrame(firstByte: number, payload: Uint8Array, { masked = true, length = payload.length } = {}): Uint8Array {
  const mask = masked ? 0x80 : 0;
  const head = length < 126 ? [firstByte, mask | length] : [firstByte, mask | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), payload]);
}
