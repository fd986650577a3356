import { create } from "@bufbuild/protobuf";
import { Option, type Command } from "commander";
import {
  Access,
  CreateTokenResponseSchema,
  ListTokensResponseSchema,
  RevokeTokenResponseSchema,
  TokenKind,
} from "@groundcrew/proto";
import { collect, noteList } from "../paging.ts";
import { tokenTable } from "../render/tables.ts";
import { timeText } from "../render/view.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { parseMs, withExamples, withList, withOutput, type Run } from "./command.ts";

/** `crew tokens`. */
export function addTokens(program: Command, run: Run): void {
  const tokens = program
    .command("tokens")
    .alias("token")
    .summary("credentials of people, tools and new agents")
    .description("Tokens: credentials of people and tools, and what enrols agents.");
  addCreate(tokens, run);
  withList(tokens.command("ls")).alias("list").description("Lists tokens, without their secrets.").action(run(list));
  withOutput(tokens.command("revoke"))
    .description("Revokes a token at once.")
    .argument("<token>", "a token's name or id")
    .action(run(revoke));
}

function addCreate(tokens: Command, run: Run): void {
  const role = new Option("--role <role>", "what its holder may do").choices(["viewer", "operator", "admin"]);
  const createToken = withOutput(tokens.command("create"))
    .description("Makes an operator token and prints its secret, this once. For agents see: crew agents enroll.")
    .argument("<name>", "its name, for people and the audit")
    .addOption(role.default("viewer"))
    .option("--ttl <duration>", "how long it lasts, such as 90d (default: for ever)", parseMs)
    .action(run(createOne));
  withExamples(createToken, [
    "crew tokens create grafana",
    "crew tokens create ci --role operator --ttl 90d > ci.token",
  ]);
}

const roles: Readonly<Record<string, Access>> = {
  viewer: Access.VIEWER,
  operator: Access.OPERATOR,
  admin: Access.ADMIN,
};

async function createOne(session: Session, options: { role: string; ttl?: number }, name: string): Promise<void> {
  const operator = await session.operator();
  const request = {
    name,
    kind: TokenKind.OPERATOR,
    role: roles[options.role] ?? Access.VIEWER,
    ttlSeconds: Math.ceil((options.ttl ?? 0) / 1000),
  };
  const response = await operator.createToken(request, session.call);
  session.show(CreateTokenResponseSchema, response, () => [response.secret]);
  const until = timeText(response.token?.expiresAt);
  session.note(`The secret is told this once. It is valid ${until === "" ? "until it is revoked" : `until ${until}`}.`);
}

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const { tokens, nextPageToken } = await operator.listTokens({ page: request }, session.call);
    return { items: tokens, nextPageToken };
  });
  const { items: tokens, nextPageToken } = page;
  const response = create(ListTokensResponseSchema, { tokens, nextPageToken });
  session.showTable(ListTokensResponseSchema, response, tokenTable(tokens, session.io.now()));
  noteList(session, page, "no tokens");
}

async function revoke(session: Session, _options: object, token: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.revokeToken({ token }, session.call);
  session.show(RevokeTokenResponseSchema, response, () => [visible(`Revoked ${response.token?.name ?? token}.`)]);
}
