import type { Owner } from "./at-end.ts";

/** Runs work that owns processes and folders outside of a test, and takes them down at its end. */
export async function scoped<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
  const closing: (() => Promise<void>)[] = [];
  const owner: Owner = { after: (close) => void closing.push(close) };
  try {
    return await work(owner);
  } finally {
    for (const close of closing) await close();
  }
}
