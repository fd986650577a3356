import type { Command } from "commander";
import {
  GetSpecResponseSchema,
  ListSpecsResponseSchema,
  RemoveSpecResponseSchema,
  SetSpecResponseSchema,
} from "@groundcrew/proto";
import { compareSpec, inventorySchema, learnSpec, parseSpec, type Inventory, type Spec } from "@groundcrew/vetting";
import { ExitCode } from "../exit-codes.ts";
import { Failure, invalidFile } from "../failure.ts";
import { ageText, type Table } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withListing, withOutput, type Run } from "./command.ts";
import { fileOf } from "./vet-start.ts";

/** `crew vet learn`. */
export function addLearn(vet: Command, run: Run): void {
  const learn = vet
    .command("learn")
    .summary("write a specification from a good machine")
    .description(
      "Writes the specification of a machine's model from its newest inventory, as YAML on standard output. Serials and " +
        "addresses are left out: they are each machine's own, and come from the delivery's CSV.",
    )
    .argument("<machine>", "a machine's id, name, serial or host name, or an agent on it")
    .action(run(learnOne));
  withListing(learn, "crew machines ls");
  withExamples(learn, ["crew vet learn node-17 > r640.yaml"]);
}

/** `crew vet spec`. */
export function addSpec(vet: Command, run: Run): void {
  const spec = vet
    .command("spec")
    .summary("what the machines of a model are made of")
    .description("Specifications: what every machine of a model must have, in a file or kept by the server by name.");
  spec
    .command("check")
    .description("Finds the mistakes of a specification, here, without a server.")
    .argument("<file>", "a specification")
    .action(run(check));
  const diff = withOutput(spec.command("diff"))
    .description(
      "Compares a machine's newest inventory with a specification, field by field; exit code 8 if they differ.",
    )
    .argument("<file>", "a specification")
    .argument("<machine>", "a machine's id, name, serial or host name, or an agent on it")
    .action(run(diffOne));
  withListing(diff, "crew machines ls");
  withOutput(spec.command("set"))
    .description("Stores a specification on the server under the name in it. Runs that exist keep theirs.")
    .argument("<file>", "a specification")
    .action(run(set));
  withOutput(spec.command("ls")).alias("list").description("Lists the specifications of the server.").action(run(list));
  withOutput(spec.command("show"))
    .description("Shows a specification.")
    .argument("<name>", "its name")
    .action(run(show));
  withOutput(spec.command("rm"))
    .description("Removes a specification that no machine is bound to.")
    .argument("<name>", "its name")
    .action(run(remove));
  withExamples(diff, ["crew vet spec diff r640.yaml node-18", "crew vet spec diff r640.yaml node-18 -o json"]);
}

async function learnOne(session: Session, _options: object, machine: string): Promise<void> {
  const { inventory, product } = await inventoryOf(session, machine);
  session.print([learnSpec(inventory, { name: product || machine }).trimEnd()]);
}

async function check(session: Session, _options: object, file: string): Promise<void> {
  const { name } = await readSpec(session, file);
  session.print([visible(`${file} is a specification of ${name}.`)]);
}

async function diffOne(session: Session, _options: object, file: string, machine: string): Promise<ExitCode> {
  const spec = await readSpec(session, file);
  const { inventory, declared } = await inventoryOf(session, machine);
  const { compared, differences, unseen } = compareSpec(inventory, spec, declared);
  if (session.format === "json") session.print([JSON.stringify({ compared, differences, unseen }, undefined, 2)]);
  else session.print(session.tableLines(differenceTable(differences)));
  session.note(...unseen.map(({ what, why }) => visible(`not compared: ${what}: ${why}`)));
  session.note(`${compared} fields compared, ${differences.length} not as wanted`);
  return differences.length === 0 ? ExitCode.ok : ExitCode.unsuccessful;
}

async function inventoryOf(session: Session, given: string) {
  const operator = await session.operator();
  const { inventoryJson, machine } = await operator.getMachineInventory({ machine: given }, session.call);
  const parsed = inventorySchema.safeParse(JSON.parse(inventoryJson));
  if (!parsed.success) {
    throw new Failure(`the inventory of ${given} cannot be read`, {
      exitCode: ExitCode.failure,
      next: "use the server's crew",
    });
  }
  const inventory: Inventory = parsed.data;
  const { vendor = "", product = "" } = machine?.identity ?? {};
  const declared = { macs: machine?.declaredMacs ?? [], diskSerials: machine?.diskSerials ?? [] };
  return { inventory, declared, product: [vendor, product].filter(Boolean).join(" ") };
}

async function readSpec(session: Session, file: string): Promise<Spec> {
  const result = parseSpec(await fileOf(session, file));
  if (!result.ok) throw invalidFile(result.problems);
  return result.spec;
}

function differenceTable(differences: readonly { field: string; wanted: string; found: string }[]): Table {
  return {
    columns: [{ title: "FIELD" }, { title: "WANTED", flexible: true }, { title: "FOUND", flexible: true }],
    rows: differences.map(({ field, wanted, found }) => [field, wanted, found]),
  };
}

async function set(session: Session, _options: object, file: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.setSpec({ file: await fileOf(session, file) }, session.call);
  session.show(SetSpecResponseSchema, response, () => [
    visible(`${response.replaced ? "Replaced" : "Set"} the specification ${response.spec?.name ?? ""}.`),
  ]);
}

async function list(session: Session): Promise<void> {
  const operator = await session.operator();
  const response = await operator.listSpecs({}, session.call);
  const rows = response.specs.map((each) => [
    each.name,
    String(each.machines),
    each.setBy,
    ageText(each.updatedAt, session.io.now()),
  ]);
  const columns = [
    { title: "NAME" },
    { title: "MACHINES", align: "right" as const },
    { title: "BY" },
    { title: "SET" },
  ];
  session.showTable(ListSpecsResponseSchema, response, { columns, rows });
  if (rows.length === 0) session.note("no specifications yet; learn one: crew vet learn MACHINE");
}

async function show(session: Session, _options: object, name: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.getSpec({ name }, session.call);
  session.show(GetSpecResponseSchema, response, () =>
    (response.spec?.content ?? "").trimEnd().split("\n").map(visible),
  );
}

async function remove(session: Session, _options: object, name: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.removeSpec({ name }, session.call);
  session.show(RemoveSpecResponseSchema, response, () => [visible(`Removed the specification ${name}.`)]);
}
