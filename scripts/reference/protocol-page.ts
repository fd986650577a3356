import type { Contract, Enum, Field, Message, Method, Service } from "./contract.ts";
import { anchor, page, table } from "./markdown.ts";

const INTRODUCTION = `Package \`groundcrew.v1\`. Agents and \`crew\` speak it as gRPC; the HTTP port of the server answers OperatorService as
Connect and as JSON (\`POST /groundcrew.v1.OperatorService/METHOD\`). In JSON, fields are written in camelCase, int64 as a
string, bytes in base64 and enums by the names below.

A request and its response stand with their rpc; what several rpcs share is under [Messages](#messages) and
[Enums](#enums).`;

const ACCESS: Record<string, string> = {
  ACCESS_PUBLIC: "anyone, without a token",
  ACCESS_ENROLMENT: "an enrolment token, or the credential of an enrolled agent",
  ACCESS_AGENT: "the credential of an agent",
  ACCESS_VIEWER: "an operator token of any role",
  ACCESS_OPERATOR: "an operator token with the role operator or admin",
  ACCESS_ADMIN: "an operator token with the role admin",
};

/** The reference page of the contract. The same contract always makes the same page. */
export function protocolPage(contract: Contract): string {
  const { services, messages, enums } = contract;
  const link = linker(contract);
  const byName = new Map(messages.map((message) => [message.name, message]));
  const inlined = new Set(services.flatMap(({ methods }) => methods.flatMap((each) => [each.request, each.response])));
  return page("the comments of proto/ by scripts/protocol-reference.ts", [
    "# The protocol",
    INTRODUCTION,
    overview(services),
    ...services.flatMap((service) => renderService(service, byName, link)),
    "## Messages",
    ...messages.filter(({ name }) => !inlined.has(name)).flatMap((message) => renderMessage(message, "###", link)),
    "## Enums",
    ...enums.flatMap(renderEnum),
  ]);
}

/** A type as it is written: linked where the page tells of it. */
type Link = (type: string) => string;

function linker({ messages, enums }: Contract): Link {
  const known = new Set([...messages, ...enums].map(({ name }) => name));
  return (type) => (known.has(type) ? `[${type}](${anchor(type)})` : `\`${type}\``);
}

function overview(services: readonly Service[]): string {
  return services
    .map(({ name, methods }) => {
      const links = methods.map((method) => `[${method.name}](${anchor(headingOf(name, method))})`);
      return `- [${name}](${anchor(name)}): ${links.join(", ")}`;
    })
    .join("\n");
}

function headingOf(service: string, { name }: Method): string {
  return `${service}.${name}`;
}

function renderService(service: Service, messages: ReadonlyMap<string, Message>, link: Link): string[] {
  const methods = service.methods.flatMap((method) => {
    const own = [method.request, method.response]
      .map((name) => messages.get(name))
      .filter((each) => each !== undefined);
    const parts = own.flatMap((message) => renderMessage(message, "####", link));
    return [`### ${headingOf(service.name, method)}`, method.comment, signature(method, link), ...parts];
  });
  return [`## ${service.name}`, service.comment, ...methods];
}

function signature(method: Method, link: Link): string {
  const stream = (isStream: boolean, type: string) => (isStream ? `stream of ${link(type)}` : link(type));
  const request = stream(method.streamsRequests, method.request);
  const response = stream(method.streamsResponses, method.response);
  return `${request} → ${response}. Access: ${ACCESS[method.access] ?? `\`${method.access}\``}.`;
}

function renderMessage(message: Message, level: string, link: Link): string[] {
  const rows = message.fields.map((field) => [
    `\`${field.name}\``,
    typeOf(field, link),
    String(field.number),
    field.oneof === undefined ? field.comment : `One of \`${field.oneof}\`. ${field.comment}`.trim(),
  ]);
  const oneofs = message.oneofs.map(({ name, comment }) => `- \`${name}\`, of which at most one is set: ${comment}`);
  return [
    `${level} ${message.name}`,
    message.comment,
    rows.length === 0 ? "It has no fields." : table(["field", "type", "number", "meaning"], rows),
    oneofs.join("\n"),
  ];
}

function typeOf({ label, types }: Field, link: Link): string {
  const [key, value] = types;
  return value === undefined ? `${label}${link(key)}` : `map of ${link(key)} to ${link(value)}`;
}

function renderEnum({ name, comment, values }: Enum): string[] {
  const rows = values.map((value) => [`\`${value.name}\``, String(value.number), value.comment]);
  return [`### ${name}`, comment, table(["value", "number", "meaning"], rows)];
}
