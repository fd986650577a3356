import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { atEnd, type Owner } from "./at-end.ts";
import { connectToAny } from "./connect-to-any.ts";
import { ProxyFlow, type Direction } from "./proxy-flow.ts";

/** A connection through a {@link FaultProxy}: both halves of it, and what goes between them. */
interface Pair {
  client: Socket;
  target: Socket | undefined;
  flows: ProxyFlow[];
}

/** Starts a TCP proxy before a server, or before several that do the same. It ends with its owner. */
export async function startProxy(owner: Owner, ...targetUrls: string[]): Promise<FaultProxy> {
  const proxy = new FaultProxy(targetUrls);
  await proxy.start();
  atEnd(owner, () => proxy.stop());
  return proxy;
}

/**
 * A TCP proxy that can do to connections what networks do. Passes everything on until told otherwise. Before several
 * servers it is a load balancer: connections take turns, past a server that refuses.
 */
export class FaultProxy {
  readonly #server: Server = createServer((client) => void this.#accept(client));
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Direction>();
  #targets: URL[] = [];
  #turn = 0;
  #refusing = false;
  #slowMs = 0;
  #onHeld: () => void = () => undefined;

  constructor(targetUrls: readonly string[]) {
    this.retarget(...targetUrls);
  }

  /** Where to dial. */
  get url(): string {
    return `${this.#targets[0]?.protocol}//127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): Promise<void> {
    this.cut();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Leads each new connection to other servers, as a balancer does once the first ones are gone. */
  retarget(...targetUrls: string[]): void {
    this.#targets = targetUrls.map((url) => new URL(url));
  }

  /** Breaks every connection. What is held back is lost. New ones are accepted. */
  cut(): void {
    for (const { client, target, flows } of this.#pairs) {
      for (const flow of flows) flow.drop();
      client.destroy();
      target?.destroy();
    }
  }

  /** Breaks every connection, and each new one at once. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  /**
   * Holds back what goes one way, closes included: each end believes that the other is there. Resolves once there was
   * something to hold. Both ways when told twice.
   */
  stall(direction: Direction): Promise<void> {
    this.#stalled.add(direction);
    return new Promise((resolve) => (this.#onHeld = resolve));
  }

  /** Lets everything take this long, in milliseconds, each way. */
  slow(ms: number): void {
    this.#slowMs = ms;
  }

  /** Passes everything on again, what was held back first. */
  pass(): void {
    this.#refusing = false;
    this.#slowMs = 0;
    this.#stalled.clear();
    for (const { flows } of this.#pairs) for (const flow of flows) flow.pump();
  }

  async #accept(client: Socket): Promise<void> {
    // The other end hears of it by the close.
    client.on("error", () => undefined);
    if (this.#refusing) return void client.destroy();
    const pair: Pair = { client, target: undefined, flows: [] };
    this.#pairs.add(pair);
    client.on("close", () => this.#pairs.delete(pair));
    pair.target = await connectToAny(this.#targetsInTurn());
    if (!pair.target || client.destroyed) {
      pair.target?.destroy();
      return void client.destroy();
    }
    pair.flows = [this.#join(client, pair.target, "questions"), this.#join(pair.target, client, "answers")];
  }

  #targetsInTurn(): URL[] {
    const first = this.#turn++ % this.#targets.length;
    return [...this.#targets.slice(first), ...this.#targets.slice(0, first)];
  }

  #join(from: Socket, to: Socket, direction: Direction): ProxyFlow {
    const flow = new ProxyFlow(to, {
      slowMs: () => this.#slowMs,
      isStalled: () => this.#stalled.has(direction),
      onHeld: () => this.#onHeld(),
    });
    from.setNoDelay(true);
    from.on("error", () => undefined);
    from.on("data", (bytes: Buffer) => flow.take(bytes));
    from.on("close", () => flow.take("close"));
    return flow;
  }
}
