import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { atEnd, type Owner } from "./at-end.ts";

/** Which way bytes go through a proxy. */
export type Direction = "questions" | "answers";

/** A connection through a {@link FaultProxy}: both halves of it. */
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
  readonly #server: Server = createServer((client) => this.#accept(client));
  readonly #pairs = new Set<Pair>();
  #refusing = false;
  #stalled: Direction | undefined;
  #held: { to: Socket; bytes: Buffer }[] = [];
  #onHeld: () => void = () => undefined;

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

  /** Breaks every connection. What is held back is lost. New ones are accepted. */
  cut(): void {
    this.#held = [];
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

  /** Holds back what goes one way. Resolves once there was something to hold. */
  stall(direction: Direction): Promise<void> {
    this.#stalled = direction;
    return new Promise((resolve) => (this.#onHeld = resolve));
  }

  /** Passes everything on again, what was held back first. */
  pass(): void {
    this.#refusing = false;
    this.#stalled = undefined;
    for (const { to, bytes } of this.#held.splice(0)) to.write(bytes);
  }

  #accept(client: Socket): void {
    if (this.#refusing) return void client.destroy();
    const target = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { client, target };
    this.#pairs.add(pair);
    client.on("close", () => this.#pairs.delete(pair));
    this.#join(client, target, "questions");
    this.#join(target, client, "answers");
  }

  #join(from: Socket, to: Socket, direction: Direction): void {
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => this.#forward(bytes, to, direction));
    from.on("close", () => to.destroy());
    // The other end hears of it by the close.
    from.on("error", () => undefined);
  }

  #forward(bytes: Buffer, to: Socket, direction: Direction): void {
    if (direction !== this.#stalled) return void to.write(bytes);
    this.#held.push({ to, bytes });
    this.#onHeld();
  }
}
