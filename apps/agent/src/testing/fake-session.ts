import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@groundcrew/rpc";
import { LaneServer, Outbox, type GuardedService } from "@groundcrew/rpc/server";
import type { SessionRequest, SessionResponseSchema, SessionService } from "@groundcrew/proto";

type Said = MessageInitShape<typeof SessionResponseSchema>;

/** Sessions that carry the calls of `peer`. `open` is asked first; what it throws is the refusal. */
export function fakeSession(peer: GuardedService, open: () => void): ServiceImpl<typeof SessionService> {
  return {
    async *session(requests, stream) {
      open();
      const outbox = new Outbox<Said>();
      const lane = new LaneServer({ peer, stream, send: (answer) => outbox.push(answer) });
      stream.signal.addEventListener("abort", () => outbox.close());
      outbox.push({ message: { case: "welcome", value: { protocolVersion: 1 } } });
      void take(requests, lane).finally(() => outbox.close());
      yield* outbox;
      void lane.end(new ConnectError("the session has ended", Code.Canceled));
    },
    channel: () => {
      throw new ConnectError("no channels", Code.Unimplemented);
    },
  };
}

async function take(requests: AsyncIterable<SessionRequest>, lane: LaneServer): Promise<void> {
  try {
    for await (const { message } of requests) {
      if (message.case === "call") lane.take(message.value);
      if (message.case === "cancel") lane.cancel(message.value.callId);
    }
  } catch {
    // The agent is gone.
  }
}
