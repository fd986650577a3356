import { create } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { ListCachesResponseSchema, RemoveCacheResponseSchema } from "@groundcrew/proto";
import { collect, noteList } from "../paging.ts";
import { cacheTable } from "../render/files.ts";
import type { Session } from "../session.ts";
import { idOf, withList, withOutput, type Run } from "./command.ts";

/** `crew caches`. */
export function addCaches(program: Command, run: Run): void {
  const caches = program
    .command("caches")
    .alias("cache")
    .summary("files that are kept from run to run")
    .description("Caches: files that steps keep from one run to the next, to be quicker.");
  withList(caches.command("ls"))
    .alias("list")
    .description("Lists caches, newest first.")
    .option("--repository <repository>", "only this repository's")
    .action(run(list));
  withOutput(caches.command("rm"))
    .description("Removes a cache; the next run that wants it makes it anew.")
    .argument("<id>", "a cache", idOf("caches"))
    .action(run(remove));
}

async function list(session: Session, options: { limit: number; repository?: string }): Promise<void> {
  const { limit, repository = "" } = options;
  const operator = await session.operator();
  const page = await collect(limit, async (request) => {
    const response = await operator.listCaches({ page: request, repository }, session.call);
    return { items: response.caches, nextPageToken: response.nextPageToken };
  });
  const { items: caches, nextPageToken } = page;
  const response = create(ListCachesResponseSchema, { caches, nextPageToken });
  session.showTable(ListCachesResponseSchema, response, cacheTable(caches, session.io.now()));
  noteList(session, page, "no caches");
}

async function remove(session: Session, _options: object, id: string): Promise<void> {
  const operator = await session.operator();
  const response = await operator.removeCache({ id }, session.call);
  session.show(RemoveCacheResponseSchema, response, () => [`Cache ${id} is removed.`]);
}
