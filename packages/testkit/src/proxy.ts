import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { atEnd, type Owner } from "./at-end.ts";

/** Which way bytes go through a proxy. */
export type Direction = "questions" | "answers";

/** A connection through a {@link FaultProxy}, both halves of it. */
interface Pair {
  client: Socket;
  target: Socket;
}

/** Starts a TCP proxy before a server. It ends with its owner. */
export async function startProxy(owner: Owner, targetUrl: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(new URL(targetUrl));
  await proxy.start();
  atEnd(owner, () => proxy.stop());
  return proxy;
}

/** A TCP proxy that can do to connections what networks do. Passes everything on until told otherwise. */
export class FaultProxy {
  readonly #target: URL;
  readonly #server: Server = createServer({ pauseOnConnect: true }, (client) => this.#accept(client));
  readonly #pairs = new Set<Pair>();
  #refusing = false;
  readonly #stalled = new Set<Direction>();

  constructor(target: URL) {
    this.#target = target;
  }

  /** Where to dial. */
  get url(): string {
    return `${this.#target.protocol}//127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Breaks every connection. What is stalled is lost. New ones are accepted. */
  cut(): void {
    for (const { client, target } of this.#pairs) {
      client.destroy();
      target.destroy();
    }
  }

  /** Breaks every connection, and each new one at once. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  /** Holds bytes back that go one way, on every connection. */
  stall(direction: Direction): void {
    this.#stalled.add(direction);
    for (const pair of this.#pairs) this.#flow(pair);
  }

  /** Passes everything on again. */
  pass(): void {
    this.#refusing = false;
    this.#stalled.clear();
    for (const pair of this.#pairs) this.#flow(pair);
  }

  #accept(client: Socket): void {
    if (this.#refusing) return void client.destroy();
    const target = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { client, target };
    this.#pairs.add(pair);
    join(client, target);
    join(target, client);
    client.on("close", () => this.#pairs.delete(pair));
    this.#flow(pair);
  }

  #flow({ client, target }: Pair): void {
    flowOrPause(client, this.#stalled.has("questions"));
    flowOrPause(target, this.#stalled.has("answers"));
  }
}

function join(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on("data", (bytes) => void to.write(bytes));
  from.on("close", () => to.destroy());
  // The other end hears of it by the close.
  from.on("error", () => undefined);
}

function flowOrPause(socket: Socket, pause: boolean): void {
  if (pause) socket.pause();
  else socket.resume();
}
