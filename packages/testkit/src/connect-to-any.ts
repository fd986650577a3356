import { connect, type Socket } from "node:net";

/** Connects to the first of these that accepts. Undefined: none did. */
export async function connectToAny(targets: readonly URL[]): Promise<Socket | undefined> {
  for (const target of targets) {
    const socket = await connectTo(target);
    if (socket) return socket;
  }
  return undefined;
}

function connectTo({ hostname, port }: URL): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => {
      socket.off("error", refused);
      resolve(socket);
    });
    const refused = (): void => resolve(undefined);
    socket.once("error", refused);
  });
}
