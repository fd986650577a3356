import type { DisturbanceFact } from "@groundcrew/testkit/processes";
import { setTimeout as delay } from "node:timers/promises";
import type { Replica } from "../world/replica.ts";
import type { Stage } from "./stage.ts";

// What is done to "replicas" excuses no agent: whoever runs goes on, whichever servers come and go. When all "servers" are
// away, agents have the time that is promised to find back. A replica that takes connections and does not answer keeps
// those agents from being heard that it has: "all".

/** Kills a replica and starts it again. */
export function killReplica({ world, witness }: Stage, index: number, forMs: number): Promise<void> {
  const replica = replicaOf(world, index);
  return witness.disturb("replicas", `kill ${replica.name} of`, async () => {
    await replica.kill();
    await delay(forMs);
    await replica.start();
  });
}

/** Stops a replica in its tracks. */
export function freezeReplica({ world, witness }: Stage, index: number, forMs: number): Promise<void> {
  const { name, server } = replicaOf(world, index);
  return witness.disturb("all", `freeze ${name} of`, async () => {
    server.process.freeze();
    await delay(forMs);
    server.process.thaw();
  });
}

/** Restarts a replica in order, as an upgrade does. */
export function restartReplica({ world, witness }: Stage, index: number): Promise<void> {
  const replica = replicaOf(world, index);
  return witness.disturb("replicas", `restart ${replica.name} of`, async () => {
    await replica.stop();
    await replica.start();
  });
}

/** Kills all replicas and starts them again. From when the first may be up, nobody is there to hear until one is. */
export async function killAllReplicas({ world, witness }: Stage, forMs: number): Promise<void> {
  const { replicas } = world;
  let outage: DisturbanceFact | undefined;
  await witness.disturb("servers", "kill all of", async (own) => {
    outage = own;
    await Promise.all(replicas.map((replica) => replica.kill()));
    await delay(forMs);
  });
  await witness.disturb("replicas", "start all of", async () => {
    const starts = replicas.map((replica) => replica.start());
    await Promise.race(starts);
    if (outage) witness.lasted(outage);
    await Promise.all(starts);
  });
}

/** Kills Postgres and starts it again. */
export function killPostgres({ world, witness }: Stage, forMs: number): Promise<void> {
  const { postgres, replicas } = world;
  return witness.disturb("servers", "kill Postgres under", async () => {
    await postgres.kill();
    await delay(forMs);
    await postgres.start();
    for (const { database } of replicas) database.retarget(postgres.url);
  });
}

/** Stops Postgres in its tracks. */
export function freezePostgres({ world, witness }: Stage, forMs: number): Promise<void> {
  return witness.disturb("servers", "freeze Postgres under", async () => {
    await world.postgres.freeze();
    await delay(forMs);
    await world.postgres.thaw();
  });
}

/** Holds a snapshot, so that nothing can be cleaned up. This excuses nothing. */
export async function holdSnapshot({ world, witness }: Stage, forMs: number): Promise<void> {
  witness.note(`a snapshot is held for ${forMs} ms`);
  const held = world.withSql((sql) =>
    sql.begin("isolation level repeatable read", async (tx) => {
      await tx`select count(*) from workflows`;
      await delay(forMs);
    }),
  );
  // Postgres may be killed meanwhile, or be away.
  await held.catch(() => undefined);
}

function replicaOf({ replicas }: Stage["world"], index: number): Replica {
  const replica = replicas[index];
  if (!replica) throw new Error(`there is no replica ${index}`);
  return replica;
}
