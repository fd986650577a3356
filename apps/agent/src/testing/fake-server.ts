import type { TestContext } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@groundcrew/rpc";
import { anonymous, guard, mount, serveGrpc, type RpcServer } from "@groundcrew/rpc/server";
import {
  type Sample,
  BlobOffsetSchema,
  DesiredState,
  ExtendOutcome,
  PeerService,
  SessionService,
  SupersededSchema,
  WaitOutcome,
  type AddWorkflowsRequest,
  type BlobHeader,
  type HoldSchema,
  type Directive,
  type PutBlobRequest,
  type RegisterAgentRequest,
  type ReportHealthRequest,
} from "@groundcrew/proto";
import { FakeFiles } from "./fake-files.ts";
import { FakeQueue, refOf, type FakeWorkflow } from "./fake-queue.ts";
import { fakeSession } from "./fake-session.ts";

/** A directive of a test. */
type FakeDirective = Pick<Directive, "id" | "generation" | "action">;

type Method = keyof ServiceImpl<typeof PeerService>;

// A test that waits in vain ends with an error, well after the slowest machine would have been done.
const PATIENCE_MS = 30_000;

/** A server of PeerService in memory, on a real port, that can be made to fail. Stopped when the test ends. */
export class FakeServer {
  readonly queue = new FakeQueue();
  readonly registrations: RegisterAgentRequest[] = [];
  /** What sensors read. */
  readonly samples: Sample[] = [];
  readonly healthReports: ReportHealthRequest[] = [];
  readonly polls: { pollId: string; freeSlots: number; again: boolean }[] = [];
  /** How many sessions were opened. */
  sessions = 0;
  /** Number of calls that were answered or refused, by method. */
  readonly calls = new Map<Method, number>();
  /** Those of them that came on a session. */
  readonly carried = new Map<Method, number>();
  /** Asked before each call; what it throws is the answer. */
  refuse: (method: Method) => void | Promise<void> = () => {};
  /** Asked after each call; what it throws replaces the answer, whose effect stays. */
  loseAnswer: (method: Method, answer: unknown) => void = () => {};
  /** Asked when an agent opens a session; what it throws ends it. */
  refuseSession: () => void = () => {};
  /** What must stop before the server does. */
  readonly dependents: (() => Promise<void>)[] = [];
  /** Told the header of each upload. */
  onBlob: (header: BlobHeader) => void = () => {};
  desiredState: DesiredState = DesiredState.READY;
  /** Told with each answer to a health report, until they are acknowledged. */
  directives: readonly FakeDirective[] = [];
  /** How the machine is held, told with each answer to a health report. */
  hold: MessageInitShape<typeof HoldSchema> | undefined;
  /** Asked after each part of a download; what it throws cuts it off. */
  onPart: () => void = () => {};
  /** Told with each answer to a health report. 0: nothing. */
  capacity = 0;
  /** How often an agent left for good. */
  unregistered = 0;
  /** What a step adds to its pipeline comes to this; what it throws is the answer. */
  addWorkflows: (request: AddWorkflowsRequest) => { id: string; name: string }[] = () => [];
  protocol = { min: 1, max: 1 };
  extendIntervalMs = 50;
  /** How long Next and Wait are held. */
  pollHoldMs = 2_000;
  readonly #files = new FakeFiles(this.queue, () => this.onPart());
  #rpc: RpcServer | undefined;
  #port = 0;

  static async start(t: TestContext): Promise<FakeServer> {
    const server = new FakeServer();
    await server.up();
    t.after(async () => {
      for (const stop of server.dependents) await stop();
      await server.down();
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const peer = mount(PeerService, this.#service());
    const open = (): void => {
      this.refuseSession();
      this.sessions += 1;
      this.queue.changed.notify();
    };
    const session = fakeSession(guard(peer, { authenticate: anonymous }), open);
    const listen = { host: "127.0.0.1", port: this.#port };
    const services = [peer, mount(SessionService, session)];
    this.#rpc = await serveGrpc({ listen, services, authenticate: anonymous });
    this.#port = this.#rpc.port;
  }

  /** Closes the port and cuts every call. */
  async down(): Promise<void> {
    await this.#rpc?.close(0);
  }

  /** Resolves once `test()` holds; it is tried after each thing the agent does. Throws when it takes too long. */
  async until(test: () => boolean): Promise<void> {
    const happened = await this.queue.changed.until(test, { timeoutMs: PATIENCE_MS });
    if (!happened)
      throw new Error(`the agent did not do within ${PATIENCE_MS} ms what the test waits for: ${String(test)}`);
  }

  /** Resolves with what the agent reported as the end. */
  async ended(workflow: FakeWorkflow) {
    await this.until(() => workflow.done !== undefined);
    if (!workflow.done) throw new Error("not done");
    return workflow.done;
  }

  #service(): ServiceImpl<typeof PeerService> {
    const { queue } = this;
    const service: ServiceImpl<typeof PeerService> = {
      version: () => ({ serverVersion: "0.1.0", protocolMin: this.protocol.min, protocolMax: this.protocol.max }),
      registerAgent: (request, { requestHeader }) => this.#register(request, requestHeader.get("authorization") ?? ""),
      unregisterAgent: () => {
        this.unregistered += 1;
        return {};
      },
      addWorkflows: (request) => ({ workflows: this.addWorkflows(request) }),
      reportHealth: (request) => {
        this.healthReports.push(request);
        this.directives = this.directives.filter(({ id }) => !request.ackedDirectives.includes(id));
        const { desiredState, capacity, hold } = this;
        return { desiredState, directives: [...this.directives], capacity, ...(hold && { hold }) };
      },
      next: async ({ pollId, freeSlots, again }, context) => {
        this.#requireAgain(pollId, again);
        this.polls.push({ pollId, freeSlots, again });
        queue.changed.notify();
        await this.#hold(context, () => queue.poll(pollId, freeSlots) !== undefined);
        return { grants: queue.poll(pollId, freeSlots) ?? [] };
      },
      init: (request) => {
        const workflow = queue.held(request);
        workflow.inits += 1;
        return { next: queue.nextAction(workflow) };
      },
      wait: async ({ workflowId }, context) => {
        const workflow = queue.workflows.get(workflowId);
        await this.#hold(context, () => waitOutcome(workflow) !== WaitOutcome.RUNNING);
        return { outcome: waitOutcome(workflow), canceledBy: workflow?.canceledBy ?? "" };
      },
      update: (request) => ({ next: queue.nextAction(queue.update(request)) }),
      enqueueLog: (request) => ({ nextLine: queue.enqueue(request) }),
      recordSamples: ({ samples }) => {
        this.samples.push(...samples);
        return {};
      },
      putBlob: (parts) => this.#putBlob(parts),
      getBlob: ({ id, offset }) => this.#files.read(id, Number(offset)),
      findArtifact: ({ artifact }) => this.#files.find(artifact, []),
      findCache: ({ key, restoreKeys }) => this.#files.find(key, restoreKeys),
      extend: ({ leases }) => ({
        leases: leases.map(({ workflowId, epoch }) => ({
          workflowId,
          epoch,
          outcome: extendOutcome(queue.workflows.get(workflowId)),
        })),
      }),
      done: (request) => {
        queue.done(request);
        return { state: request.state };
      },
    };
    return this.#withFaults(service);
  }

  #withFaults(service: ServiceImpl<typeof PeerService>): ServiceImpl<typeof PeerService> {
    const methods = Object.entries(service).map(([name, handler]) => {
      if (name === "getBlob") return [name, handler];
      const method = name as Method;
      return [
        name,
        async (request: never, context: HandlerContext) => {
          try {
            this.#requireNewest(method, context);
            await this.refuse(method);
            const answer: unknown = await (handler as (request: never, context: HandlerContext) => unknown)(
              request,
              context,
            );
            this.loseAnswer(method, answer);
            return answer;
          } finally {
            count(this.calls, method);
            if (context.url.endsWith("/Session")) count(this.carried, method);
            this.queue.changed.notify();
          }
        },
      ];
    });
    return Object.fromEntries(methods) as ServiceImpl<typeof PeerService>;
  }

  #register(request: RegisterAgentRequest, authorization: string) {
    this.registrations.push(request);
    return {
      agentId: "5e0bd3ac-0a3c-4b19-a8f7-3d6d4d3e2f10",
      credential: authorization.includes(" gce_") ? `gca_${"a".repeat(43)}` : "",
      generation: String(this.registrations.length),
      leaseTtlMs: 60_000,
      extendIntervalMs: this.extendIntervalMs,
      healthIntervalMs: 50,
      logIntervalMs: 10,
      logBatchMaxBytes: 1_048_576,
      pollHoldMs: this.pollHoldMs,
      desiredState: this.desiredState,
    };
  }

  /** A server looks up what a poll was granted only when told that it may have been. */
  #requireAgain(pollId: string, again: boolean): void {
    const known = this.polls.some((poll) => poll.pollId === pollId);
    if (known && !again) throw new ConnectError(`poll ${pollId} was asked before`, Code.InvalidArgument);
  }

  #requireNewest(method: Method, { requestHeader }: HandlerContext): void {
    if (method === "version" || method === "registerAgent") return;
    const generation = requestHeader.get("groundcrew-generation") ?? "0";
    const newest = String(this.registrations.length);
    if (generation === newest) return;
    throw new ConnectError("superseded", Code.Aborted, undefined, [
      { desc: SupersededSchema, value: { generation, newest } },
    ]);
  }

  async #hold({ signal }: HandlerContext, test: () => boolean): Promise<void> {
    await this.queue.changed.until(test, { signal, timeoutMs: this.pollHoldMs });
  }

  async #putBlob(parts: AsyncIterable<PutBlobRequest>) {
    let key = "";
    let blobs = new Map<string, string>();
    for await (const { part } of parts) {
      if (part.case === "header") {
        this.onBlob(part.value);
        const ref = refOf(part.value);
        blobs = this.queue.held(ref).blobs;
        key = `${ref.step}/${part.value.name || part.value.cacheKey}`;
        const stored = blobs.get(key) ?? "";
        if (part.value.offset !== String(stored.length)) throw wrongOffset(stored.length);
        blobs.set(key, stored);
      } else if (part.case === "data") {
        blobs.set(key, (blobs.get(key) ?? "") + Buffer.from(part.value).toString("latin1"));
        await this.refuse("putBlob");
      }
    }
    return {};
  }
}

function count(calls: Map<Method, number>, method: Method): void {
  calls.set(method, (calls.get(method) ?? 0) + 1);
}

function wrongOffset(offset: number): ConnectError {
  const value = { offset: String(offset) };
  return new ConnectError("wrong offset", Code.FailedPrecondition, undefined, [{ desc: BlobOffsetSchema, value }]);
}

function waitOutcome(workflow: FakeWorkflow | undefined): WaitOutcome {
  if (!workflow || workflow.isLost) return WaitOutcome.LOST;
  if (workflow.done) return WaitOutcome.ENDED;
  return workflow.canceledBy === undefined ? WaitOutcome.RUNNING : WaitOutcome.CANCELED;
}

function extendOutcome(workflow: FakeWorkflow | undefined): ExtendOutcome {
  if (!workflow || workflow.isLost) return ExtendOutcome.LOST;
  return workflow.canceledBy === undefined ? ExtendOutcome.RENEWED : ExtendOutcome.CANCEL_REQUESTED;
}
