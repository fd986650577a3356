import { ExitCode } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import type { Config, Context } from "./config-file.ts";

/** The server a command talks to, with the name of the context it comes from, if any. */
export interface Target extends Context {
  name?: string;
}

/** What may say which server. A flag beats the environment, which beats the current context. */
export interface TargetChoice {
  config: Config;
  /** `--context`. */
  context?: string | undefined;
  /** `--url`. */
  url?: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Decides which server a command talks to, and as whom. A saved token goes to the address it was saved for and to no
 * other: `--url` with an address that no context has needs GROUNDCREW_TOKEN.
 */
export function resolveTarget(choice: TargetChoice): Target {
  const { env } = choice;
  const target = chooseTarget(choice);
  const token = env["GROUNDCREW_TOKEN"] || target.token;
  const fingerprint = env["GROUNDCREW_FINGERPRINT"] || target.fingerprint;
  return { ...target, ...(token ? { token } : {}), ...(fingerprint ? { fingerprint } : {}) };
}

function chooseTarget({ config, context, url, env }: TargetChoice): Target {
  if (context !== undefined && url !== undefined) throw usage("--context and --url cannot be used together");
  if (context !== undefined) return named(config, context);
  const address = url ?? (env["GROUNDCREW_URL"] || undefined);
  if (address !== undefined) return byUrl(config, normalUrl(address));
  if (config.current === undefined) throw notLoggedIn();
  return named(config, config.current);
}

function named(config: Config, name: string): Target {
  const context = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (context) return { name, ...context };
  const names = Object.keys(config.contexts);
  throw new Failure(`there is no context ${JSON.stringify(name)}`, {
    exitCode: ExitCode.notFound,
    why: names.length === 0 ? "no context is saved" : `saved are: ${names.join(", ")}`,
    next: names.length === 0 ? "log in first: crew login URL" : "name one of these, or make one: crew login URL",
  });
}

function byUrl(config: Config, url: string): Target {
  const entries = Object.entries(config.contexts).filter(([, context]) => context.url === url);
  const [name, context] = entries.find(([each]) => each === config.current) ?? entries[0] ?? [];
  return name !== undefined && context ? { name, ...context } : { url };
}

function notLoggedIn(): Failure {
  return new Failure("not logged in to any server", {
    exitCode: ExitCode.credential,
    next: "crew login http://127.0.0.1:7070 (or set GROUNDCREW_URL and GROUNDCREW_TOKEN)",
  });
}

/** A server's address as it is saved: without a trailing slash. Fails on anything but http(s)://HOST[:PORT]. */
export function normalUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const acceptable = url !== undefined && ["http:", "https:"].includes(url.protocol) && url.host !== "";
  // The text is not quoted when it may hold a password.
  if (url !== undefined && url.username + url.password !== "") {
    throw usage("the server's address holds a user name or password", "leave it out; give the token to crew login");
  }
  if (!acceptable || url.pathname !== "/" || url.search + url.hash !== "") {
    throw usage(
      `${JSON.stringify(text)} is not a server's address`,
      "write http://HOST:PORT (loopback only) or https://HOST:PORT",
    );
  }
  return url.origin;
}
