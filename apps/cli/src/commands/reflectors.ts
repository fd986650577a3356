import type { Command } from "commander";
import {
  AddReflectorResponseSchema,
  ListReflectorsResponseSchema,
  RemoveReflectorResponseSchema,
} from "@groundcrew/proto";
import { formatBits, parseBits } from "../terminal/bits.ts";
import { usage } from "../failure.ts";
import { reflectorTable } from "../render/reflectors.ts";
import type { Session } from "../session.ts";
import { idOf, withExamples, withOutput, type Run } from "./command.ts";

/** `crew reflectors`. */
export function addReflectors(program: Command, run: Run): void {
  const reflectors = program
    .command("reflectors")
    .alias("reflector")
    .summary("partners for measuring networks")
    .description(
      "Reflectors: hosts with iperf3 servers that vetting runs measure their network against. A run has a slot to " +
        "itself while it measures. A server can also start its own: groundcrew-server --reflector-ports.",
    );
  const add = withOutput(reflectors.command("add"))
    .description(
      "Adds a host that runs iperf3 servers: one for each slot, on PORT, PORT+1 and on. With --capacity, a result that " +
        "comes near a slot's part of it and is still too low counts as the reflector's doing: an error, and no fail.",
    )
    .argument("<host>", "what machines dial: a name or an address")
    .option("--port <port>", "where the first iperf3 listens", (text) => whole("--port", text, 65_535), 5201)
    .option("--slots <n>", "how many tests it serves at once", (text) => whole("--slots", text, 1024), 1)
    .option("--capacity <rate>", "what its own link carries, in bits a second, such as 25G", (text) => capacity(text))
    .action(run(addReflector));
  withExamples(add, ["crew reflectors add 10.0.0.5 --capacity 25G --slots 2"]);
  withOutput(reflectors.command("ls"))
    .alias("list")
    .description("Lists reflectors, the servers' own included.")
    .action(run(list));
  withOutput(reflectors.command("rm"))
    .description("Removes a reflector that was added. A test that runs against it goes on.")
    .argument("<id>", "a reflector", idOf("reflectors"))
    .action(run(remove));
}

interface AddOptions {
  port: number;
  slots: number;
  capacity?: string;
}

async function addReflector(session: Session, { port, slots, capacity: given = "0" }: AddOptions, host: string) {
  const operator = await session.operator();
  const request = { host, port, slots, capacityBitsPerSecond: given };
  const response = await operator.addReflector(request, session.call);
  session.show(AddReflectorResponseSchema, response, () => [
    `Reflector ${response.reflector?.id} is added: ${host}:${port}, ${slots} at once, ${formatBits(given)}.`,
  ]);
}

async function list(session: Session): Promise<void> {
  const operator = await session.operator();
  const response = await operator.listReflectors({}, session.call);
  session.showTable(ListReflectorsResponseSchema, response, reflectorTable(response.reflectors, session.io.now()));
  if (response.reflectors.length === 0 && session.format === "table") session.note("crew: no reflectors");
}

async function remove(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.removeReflector({ id }, session.call);
  session.show(RemoveReflectorResponseSchema, response, () => [`Reflector ${id} is removed.`]);
}

function whole(flag: string, text: string, max: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw usage(`${flag} is ${JSON.stringify(text)}; 1 to ${max} is expected`);
  return value;
}

function capacity(text: string): string {
  const bits = parseBits(text);
  if (bits === undefined) throw usage(`--capacity is ${JSON.stringify(text)}; a rate such as 25G or 1000M is expected`);
  return String(bits);
}
