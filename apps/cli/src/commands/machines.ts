import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { ListMachinesResponseSchema } from "@groundcrew/proto";
import { collect, noteList } from "../paging.ts";
import { machineTable } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { withList, type Run } from "./command.ts";
import { addRegistry } from "./machine-registry.ts";

/** `crew machines`. */
export function addMachines(program: Command, run: Run): void {
  const machines = program
    .command("machines")
    .alias("machine")
    .summary("the hardware under the agents")
    .description("Machines: the hardware, known by its identity; it outlives any agent on it.");
  withList(machines.command("ls")).alias("list").description("Lists machines.").action(run(list));
  addRegistry(machines, run);
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { machines, nextPageToken } = await operator.listMachines({ page: request }, session.call);
    return { items: machines, nextPageToken };
  });
  const { items: machines, nextPageToken } = page;
  const response = create(ListMachinesResponseSchema, { machines, nextPageToken });
  session.showTable(ListMachinesResponseSchema, response, machineTable(machines, session.io.now()));
  noteList(session, page, "no machines yet; register one: crew machines add; they also appear with their first agent");
}
