import { execa } from "execa";
import { PostgresError } from "./postgres-error.ts";

/** The user that Postgres runs as. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Set where this is another user than ours: what a process must be started with. */
  readonly switchTo: { readonly uid: number; readonly gid: number } | undefined;
}

const ROOT_RUNS_AS = "postgres";

/** Ourselves; or, as Postgres refuses to run as root, the system user `postgres`, created if need be. */
export async function findAccount(): Promise<Account> {
  const { uid = -1, gid = -1 } = { uid: process.getuid?.(), gid: process.getgid?.() };
  if (uid !== 0) return { name: process.env["USER"] ?? `user ${uid}`, uid, gid, switchTo: undefined };
  const account = (await lookUp(ROOT_RUNS_AS)) ?? (await create(ROOT_RUNS_AS));
  return { name: ROOT_RUNS_AS, ...account, switchTo: account };
}

async function lookUp(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const [uid, gid] = await Promise.all(["-u", "-g"].map((what) => execa("id", [what, name], { reject: false })));
  if (uid?.exitCode !== 0 || gid?.exitCode !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

async function create(name: string): Promise<{ uid: number; gid: number }> {
  const args = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name];
  const env = { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }; // su leaves those out
  const { failed, shortMessage, stderr } = await execa("useradd", args, { env, reject: false });
  const account = await lookUp(name); // also there if someone else was quicker
  if (account !== undefined) return account;
  const why = failed ? stderr || shortMessage : "it is still unknown afterwards";
  throw new PostgresError(
    "no_account",
    `Postgres does not run as root, and the user "${name}" cannot be created: ${why}. ` +
      `Create it (useradd ${args.join(" ")}), or run as an ordinary user`,
  );
}
