// Starts Postgres on the data directory of its argument, prints the url, and waits to be killed.
import { startPostgres } from "../index.ts";

const [, , dataDir = ""] = process.argv;
const server = await startPostgres({ dataDir, settings: { fsync: "off" } });
process.stdout.write(server.url);
await server.exited;
