/** Runs `true` with this isolation. What is wrong, in words; undefined when it works on this machine. */
export async function tryBubblewrap(bubblewrap: string, isolation: readonly string[]): Promise<string | undefined> {
  const { execa } = await import("execa");
  const input = isolation.map((text) => `${text}\0`).join("");
  const command = ["--args", "0", "--", "/bin/sh", "-c", "true"];
  const options = { input, env: {}, extendEnv: false, reject: false, timeout: 10_000 };
  const { failed, stderr, shortMessage } = await execa(bubblewrap, command, options);
  return failed ? stderr.trim() || shortMessage : undefined;
}
