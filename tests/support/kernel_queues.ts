/** What the kernel holds of loopback connections, from /proc/net/tcp: bytes sent and not taken by the other end. */
import { readFileSync } from "node:fs";

export interface KernelQueues {
  /** In the sender's buffer. */
  readonly sentBytes: number;
  /** In the receiver's buffer. */
  readonly receivedBytes: number;
}

/** By the client's port: what the kernel holds on the way from the server at `serverPort` to each of its clients. */
export function kernelQueues(serverPort: number): Map<number, KernelQueues> {
  const queues = new Map<number, KernelQueues>();
  for (const { localPort, remotePort, sent, received } of connections()) {
    const client = localPort === serverPort ? remotePort : localPort;
    if (localPort !== serverPort && remotePort !== serverPort) continue;
    const { sentBytes, receivedBytes } = queues.get(client) ?? { sentBytes: 0, receivedBytes: 0 };
    queues.set(client, localPort === serverPort ? { sentBytes: sent, receivedBytes } : { sentBytes, receivedBytes: received });
  }
  return queues;
}

/** The ports of those whose connection the server at `serverPort` has open, which ends with its last word. */
export function connectionsOf(serverPort: number): Set<number> {
  const open = connections().filter(({ localPort, stage }) => localPort === serverPort && stage === established);
  return new Set(open.map(({ remotePort }) => remotePort));
}

const established = "01";

interface Row {
  readonly localPort: number;
  readonly remotePort: number;
  readonly stage: string;
  readonly sent: number;
  readonly received: number;
}

/** A server that listens on every address has its side of a connection in the second file. */
function connections(): Row[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    [
      ...readFileSync(file, "utf8").matchAll(
        /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) ([\dA-F]{2}) ([\dA-F]{8}):([\dA-F]{8})/gm,
      ),
    ].map(([, localPort = "", remotePort = "", stage = "", sent = "", received = ""]) => ({
      stage,
      localPort: Number.parseInt(localPort, 16),
      remotePort: Number.parseInt(remotePort, 16),
      sent: Number.parseInt(sent, 16),
      received: Number.parseInt(received, 16),
    })),
  );
}
