/**
 * A TCP proxy on loopback whose ways can go half open: nothing passes any more, and neither
 * end gets a FIN or an RST, whatever the other one does. A stopped way is not read, so what
 * an end still says fills the kernel's buffers and then its own queue. What was stopped
 * arrives when the way goes on, late, as after a cable that was plugged in again.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** Which way nothing passes: towards the server, towards the client, or neither. */
export type Direction = "both" | "toServer" | "toClient";

export class TcpProxy {
  readonly port: number;
  /** Every connection since the start, oldest first. */
  readonly ways: Way[] = [];
  readonly #server: Server;
  #targetPort: number;
  #stage: "open" | "cut" | "refusing" = "open";

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client: Socket) => this.#add(new Way(client, this.#targetPort)));
  }

  /** Leads to `targetPort` until the test ends. */
  static async open(t: TestContext, targetPort = 0): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new TcpProxy(server, targetPort);
    t.after(() => proxy.#close());
    return proxy;
  }

  /** Every connection from now on leads there. */
  leadTo(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Nothing passes any more, on no way there is and on none to come, until it goes on. */
  cut(): void {
    this.#stage = "cut";
    this.stop();
  }

  /** Every connection breaks, and each to come does at once, until it goes on. */
  refuse(): void {
    this.#stage = "refusing";
    for (const way of this.ways) way.destroy();
  }

  /** Stops every way there is now. */
  stop(direction: Direction = "both"): void {
    for (const way of this.ways) way.stop(direction);
  }

  /** Everything passes again. */
  go(): void {
    this.#stage = "open";
    for (const way of this.ways) way.go();
  }

  #add(way: Way): void {
    this.ways.push(way);
    if (this.#stage === "cut") way.stop();
    if (this.#stage === "refusing") way.destroy();
  }

  #close(): Promise<void> {
    for (const way of this.ways) way.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** One connection: two pipes that are stopped one by one. */
export class Way {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;

  constructor(client: Socket, targetPort: number) {
    this.#client = client;
    this.#server = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#toServer = new Pipe(this.#client, this.#server);
    this.#toClient = new Pipe(this.#server, this.#client);
  }

  stop(direction: Direction = "both"): void {
    if (direction !== "toClient") this.#toServer.stop();
    if (direction !== "toServer") this.#toClient.stop();
  }

  go(): void {
    this.#toServer.go();
    this.#toClient.go();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

/** Carries bytes, and the end, from one socket to the other. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  #stage: "passing" | "stopped" = "passing";

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on("data", (data: Buffer) => {
      if (!to.write(data)) from.pause();
    });
    to.on("drain", () => {
      if (this.#stage === "passing") from.resume();
    });
    from.on("end", () => to.end());
    from.on("error", () => {}); // a close follows
    from.on("close", () => this.#passClose());
  }

  stop(): void {
    this.#stage = "stopped";
    this.#from.pause();
  }

  go(): void {
    this.#stage = "passing";
    this.#from.resume();
    this.#passClose();
  }

  /** A connection that broke breaks the other one too, once that may be known. */
  #passClose(): void {
    if (this.#stage === "passing" && this.#from.closed && !this.#from.readableEnded) this.#to.destroy();
  }
}
