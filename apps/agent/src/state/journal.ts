import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { identifyProcess, type ProcessIdentity } from "@groundcrew/engine";
import { writeFileAtomically } from "./atomic-file.ts";

/** What the next process must know to end what this one leaves, should it be killed. */
export interface JournalEntry {
  workflowId: string;
  epoch: string;
  /** In the environment of every process of the workflow. */
  marker: string;
  /** The leaders of the process groups that were started. */
  groups: ProcessIdentity[];
}

/** The journal of one workflow that is held: a file from the grant to the end. */
export class Journal {
  readonly #path: string;
  readonly #entry: JournalEntry;

  private constructor(directory: string, entry: JournalEntry) {
    this.#path = join(directory, `${entry.workflowId}-${entry.epoch}.json`);
    this.#entry = entry;
  }

  /** Begins the journal, before anything is started. */
  static async begin(directory: string, entry: Omit<JournalEntry, "groups">): Promise<Journal> {
    const journal = new Journal(directory, { ...entry, groups: [] });
    await journal.#write();
    return journal;
  }

  /** A process group was started. */
  async addGroup(groupId: number): Promise<void> {
    const leader = identifyProcess(groupId);
    if (!leader) return;
    this.#entry.groups.push(leader);
    await this.#write();
  }

  /** Nothing is left. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  #write(): Promise<void> {
    return writeFileAtomically(this.#path, JSON.stringify(this.#entry));
  }
}

/** What dead processes left. A file that cannot be read tells nothing and is passed over. */
export async function readJournals(directory: string): Promise<JournalEntry[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".json"));
  const entries = await Promise.all(names.map((name) => readEntry(join(directory, name))));
  return entries.filter((entry) => entry !== undefined);
}

async function readEntry(path: string): Promise<JournalEntry | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as JournalEntry;
  } catch {
    return undefined;
  }
}
