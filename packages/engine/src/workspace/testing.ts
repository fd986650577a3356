import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A git repository with two commits, the second one tagged. */
export interface Repository {
  path: string;
  commits: [first: string, second: string];
}

/** Makes a repository `name` whose file `text` says "one", then "two". */
export async function makeRepository(folder: string, name: string): Promise<Repository> {
  const path = join(folder, name);
  await mkdir(path);
  git(path, "init", "--quiet", "--initial-branch=main");
  const commits = [await commit(path, "one"), await commit(path, "two")] as [string, string];
  git(path, "tag", "v2");
  return { path, commits };
}

/** Makes `module` a submodule of `repository`, by an address next to its own; answers the new commit. */
export function addSubmodule(repository: Repository, module: string): string {
  git(repository.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", `../${module}`, "module");
  git(repository.path, "commit", "--quiet", "--message", "module");
  return git(repository.path, "rev-parse", "HEAD");
}

/** A folder of its own for repositories. */
export async function repositoryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "repositories-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Serves the repositories of a folder by git's own http-backend, to those who know user and password. */
export async function serveRepositories(t: TestContext, folder: string, login: string): Promise<string> {
  const expected = `Basic ${Buffer.from(login).toString("base64")}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization === expected) return serve(folder, request, response);
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// As a web server runs a CGI program (RFC 3875): headers, an empty line, the body.
function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const backend = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  backend.stdout.on("end", () => answer(Buffer.concat(chunks), response));
}

function answer(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf("\r\n\r\n");
  for (const line of output.subarray(0, end).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(output.subarray(end + 4));
}

async function commit(path: string, text: string): Promise<string> {
  await writeFile(join(path, "text"), text);
  git(path, "add", "text");
  git(path, "commit", "--quiet", "--message", text);
  return git(path, "rev-parse", "HEAD");
}

function git(cwd: string, ...args: string[]): string {
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"];
  return execFileSync("git", [...who, ...args], { cwd, encoding: "utf8" }).trim();
}
