import type { Command } from "commander";
import {
  AddMachineResponseSchema,
  GetMachineResponseSchema,
  ImportMachinesResponseSchema,
  MachineApproval,
  SetMachineApprovalResponseSchema,
  type Machine,
} from "@groundcrew/proto";
import { renderFields } from "../render/fields.ts";
import { approvalText, pairsText } from "../render/tables.ts";
import { timeText } from "../render/view.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { parseLabels } from "./agent-update.ts";
import { countOf, withExamples, withOutput, type Run } from "./command.ts";
import { fileOf } from "./vet-start.ts";

interface AddOptions {
  name?: string;
  serial?: string;
  uuid?: string;
  boardSerial?: string;
  mac?: string[];
  disk?: string[];
  labels?: Record<string, string>;
  watts?: number;
  spec?: string;
}

/** `crew machines add`, `import`, `show`, `approve` and `reject`. */
export function addRegistry(machines: Command, run: Run): void {
  const add = withOutput(machines.command("add"))
    .description(
      "Registers a machine before an agent runs on it, or says more of one that is known by its serial, UUID or address. " +
        "What is not said stays as it was. A registered machine may be vetted.",
    )
    .option("--name <name>", "what to call it")
    .option("--serial <serial>", "the maker's serial number of the system")
    .option("--uuid <uuid>", "its SMBIOS system UUID")
    .option("--board-serial <serial>", "the serial number of its board")
    .option("--mac <address>", "a permanent MAC address, which must be there (repeatable)", gather)
    .option("--disk <serial>", "the serial of a disk; exactly these must be there (repeatable)", gather)
    .option("-l, --labels <key=value,...>", "what to say of it, such as rack=4 (repeatable)", parseLabels)
    .option("--watts <n>", "what it draws under load", countOf(1, 1_000_000))
    .option("--spec <name>", "a specification that the server has, which it is bound to")
    .action(run(addOne));
  withExamples(add, ["crew machines add --name node-17 --serial B5RJB42 --labels rack=4 --watts 750 --spec r640"]);
  const imported = withOutput(machines.command("import"))
    .description(
      "Registers the machines of a delivery from a CSV file with a header line, all or none; doing it again adds none " +
        "and changes what the file says. Columns, in any order: name, serial, system_uuid, board_serial, macs, " +
        "disk_serials (several apart by spaces), rack, power_watts, spec, label.NAME.",
    )
    .argument("<file>", "a CSV file")
    .action(run(importFile));
  withExamples(imported, ["crew machines import delivery.csv"]);
  withMachine(withOutput(machines.command("show")).description("Shows a machine.")).action(run(show));
  withMachine(withOutput(machines.command("approve")))
    .description("Lets a machine be vetted, and accepts what is doubtful about which one it is.")
    .action(run((session: Session, _: object, machine: string) => decide(session, machine, MachineApproval.APPROVED)));
  withMachine(withOutput(machines.command("reject")))
    .description("Keeps a machine from being vetted.")
    .action(run((session: Session, _: object, machine: string) => decide(session, machine, MachineApproval.REJECTED)));
}

function withMachine(command: Command): Command {
  return command.argument("<machine>", "a machine's id, name, serial or host name, or an agent on it");
}

function gather(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function addOne(session: Session, options: AddOptions): Promise<void> {
  const { uuid = "", mac: macs = [], disk: diskSerials = [], watts: powerWatts = 0, ...said } = options;
  const operator = await session.operator();
  const response = await operator.addMachine(
    { ...said, systemUuid: uuid, macs, diskSerials, powerWatts },
    session.call,
  );
  session.show(AddMachineResponseSchema, response, () => [
    visible(`${response.added ? "Registered" : "Changed"} machine ${nameOf(response.machine)}.`),
  ]);
}

async function importFile(session: Session, _options: object, file: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.importMachines({ file: await fileOf(session, file) }, session.call);
  session.show(ImportMachinesResponseSchema, response, () => [
    `${response.added} registered, ${response.updated} known already.`,
  ]);
}

async function show(session: Session, _options: object, machine: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getMachine({ machine }, session.call);
  session.show(GetMachineResponseSchema, response, () => (response.machine ? describe(session, response.machine) : []));
}

async function decide(session: Session, machine: string, approval: MachineApproval): Promise<void> {
  const operator = await session.operator();
  const response = await operator.setMachineApproval({ machine, approval }, session.call);
  const done = approval === MachineApproval.APPROVED ? "Approved" : "Rejected";
  session.show(SetMachineApprovalResponseSchema, response, () => [visible(`${done} ${nameOf(response.machine)}.`)]);
}

function nameOf(machine: Machine | undefined): string {
  return machine?.name || machine?.identity?.hostname || machine?.identity?.serial || machine?.id || "";
}

function describe({ io }: Session, machine: Machine): string[] {
  const { identity } = machine;
  const fields = [
    ["machine", machine.id],
    ["name", machine.name],
    ["host name", identity?.hostname ?? ""],
    ["maker", [identity?.vendor, identity?.product].filter(Boolean).join(" ")],
    ["serial", identity?.serial ?? ""],
    ["system UUID", identity?.systemUuid ?? ""],
    ["board serial", identity?.boardSerial ?? ""],
    ["addresses", identity?.macs.join(", ") ?? ""],
    ["delivered with", [...machine.declaredMacs, ...machine.diskSerials.map((disk) => `disk ${disk}`)].join(", ")],
    ["labels", pairsText(machine.labels)],
    ["draws", machine.powerWatts === 0 ? "" : `${machine.powerWatts} W`],
    ["specification", machine.spec],
    ["may be vetted", approvalText(machine.approval)],
    ["doubtful", machine.trouble],
    ["agents", machine.agents.join(", ")],
    ["newest run", machine.vettingRunId === "0" ? "" : machine.vettingRunId],
    ["registered by", machine.registeredBy],
    ["seen first", timeText(machine.createdAt)],
  ] as const;
  return renderFields(fields, io.stdout.style);
}
