import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ExitCode, FatalError } from "../exit.ts";
import { pickProtocol, type ProtocolRange } from "./register.ts";

suite("the protocol version is the highest that both ends speak", () => {
  const table: [server: ProtocolRange, agent: ProtocolRange, picked: number | undefined][] = [
    [{ min: 1, max: 1 }, { min: 1, max: 1 }, 1],
    [{ min: 1, max: 5 }, { min: 2, max: 3 }, 3],
    [{ min: 2, max: 3 }, { min: 1, max: 9 }, 3],
    [{ min: 3, max: 5 }, { min: 1, max: 3 }, 3],
    [{ min: 4, max: 5 }, { min: 1, max: 3 }, undefined],
    [{ min: 1, max: 1 }, { min: 2, max: 3 }, undefined],
  ];
  for (const [server, agent, picked] of table) {
    test(`server ${server.min}-${server.max}, agent ${agent.min}-${agent.max}: ${picked ?? "none"}`, () => {
      if (picked !== undefined) assert.equal(pickProtocol(server, agent), picked);
      else assert.throws(() => pickProtocol(server, agent), isMismatch);
    });
  }
});

function isMismatch(error: unknown): boolean {
  return error instanceof FatalError && error.exitCode === ExitCode.PROTOCOL_MISMATCH;
}
