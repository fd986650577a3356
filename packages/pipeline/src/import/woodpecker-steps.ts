import { entriesOf, itemsOf, type Located, valueAt } from "../located.ts";
import { type Carrier, filled, nameFrom, textOf, textsOf, uniquely } from "./carrier.ts";
import { expressionFrom } from "./woodpecker-when.ts";

/** A step with its name, whether they are a mapping or a list. */
function named(steps: Located | undefined): [name: string | undefined, step: Located][] {
  if (steps?.kind === "map") return entriesOf(steps).map(([name, { value }]) => [name, value]);
  return itemsOf(steps).map((step) => [textOf(valueAt(step, "name")), step]);
}

/** The steps that run commands; those that are plugins are lost. */
export function stepsFrom(carrier: Carrier, steps: Located | undefined): object[] {
  const names = new Set<string>();
  return named(steps).flatMap(([name, step]) => {
    const written = stepFrom(carrier, step);
    return written ? [{ ...(name !== undefined && { name: uniquely(names, nameFrom(name)) }), ...written }] : [];
  });
}

/** Services that have commands: what their image would start by itself is not known. */
export function servicesFrom(carrier: Carrier, services: Located | undefined): object[] {
  const names = new Set<string>();
  return named(services).flatMap(([name = "service", service]) => {
    const written = stepFrom(carrier, service);
    if (!written) return [];
    const port = textsOf(valueAt(service, "ports"))[0];
    return [{ name: uniquely(names, nameFrom(`${name} service`)), ...written, service: port ? { port } : true }];
  });
}

const carriedKeys = [
  "name",
  "image",
  "commands",
  "environment",
  "secrets",
  "when",
  "failure",
  "detach",
  "directory",
  "ports",
];

function stepFrom(carrier: Carrier, step: Located): object | undefined {
  const commands = textsOf(valueAt(step, "commands"));
  if (commands.length === 0) {
    const image = textOf(valueAt(step, "image")) ?? "";
    carrier.lose(step, `the step of image ${image} is not carried: it has no \`commands\`, and there are no plugins`);
    return undefined;
  }
  carrier.loseOthers(step, carriedKeys, "the step");
  const folder = textOf(valueAt(step, "directory"));
  const lines = folder === undefined ? commands : [`cd ${JSON.stringify(folder)}`, ...commands];
  return filled({
    run: `${lines.join("\n")}\n`,
    if: expressionFrom(carrier, valueAt(step, "when")),
    continue_on_error: textOf(valueAt(step, "failure")) === "ignore" ? true : undefined,
    service: textOf(valueAt(step, "detach")) === "true" ? true : undefined,
    image: imageFrom(carrier, valueAt(step, "image")),
    ...environmentFrom(carrier, step),
  });
}

function imageFrom(carrier: Carrier, value: Located | undefined): string | undefined {
  const text = textOf(value);
  if (!value || !text?.includes("${")) return text;
  carrier.lose(value, `the image ${text} is not carried: nothing is filled in`);
  return undefined;
}

function environmentFrom(
  carrier: Carrier,
  step: Located,
): { env: Record<string, string>; secrets: Record<string, string> } {
  const env: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  for (const name of textsOf(valueAt(step, "secrets"))) secrets[name.toUpperCase()] = name;
  for (const [name, { value }] of entriesOf(valueAt(step, "environment"))) {
    const secret = textOf(valueAt(value, "from_secret"));
    const text = textOf(value);
    if (secret !== undefined) secrets[name] = secret;
    else if (text !== undefined) env[name] = text;
    else carrier.lose(value, `the variable ${name} is not carried: it is no text`);
  }
  for (const item of itemsOf(valueAt(step, "environment"))) {
    const [, name, text] = /^([A-Za-z_]\w*)=(.*)$/s.exec(textOf(item) ?? "") ?? [];
    if (name !== undefined && text !== undefined) env[name] = text;
  }
  return { env, secrets };
}
