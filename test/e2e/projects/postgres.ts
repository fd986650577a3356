import { startPostgres } from "@groundcrew/postgres";

// A Postgres on the folder named, until SIGTERM. Says its address once it takes connections.

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort(new Error("SIGTERM")));
const [dataDir = "data"] = process.argv.slice(2);
const { url, exited } = await startPostgres({ dataDir, signal: stop.signal, settings: { fsync: "off" } });
console.log(url);
await exited;
