import { openFolderStore } from "./folder-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { openS3Store } from "./s3-store.ts";

/** Where objects are kept, as the operator names it. */
export type ObjectPlace =
  | { kind: "folder" }
  | { kind: "s3"; bucket: string; prefix: string; endpoint: string; region: string };

/** What a store is opened with. */
interface OpenOptions {
  /** The folder of the folder store. */
  folder: string;
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
}

/**
 * Reads "folder", or "s3://BUCKET/PREFIX?region=REGION&endpoint=URL", of which all but the bucket may be absent. The
 * region's default is us-east-1, the endpoint's that of Amazon in the region. Throws with what is wrong.
 */
export function parseObjectPlace(text: string): ObjectPlace {
  if (text === "folder") return { kind: "folder" };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "s3:") throw new Error("expected folder, or s3://BUCKET/PREFIX?region=REGION&endpoint=URL");
  if (url.username !== "" || url.password !== "")
    throw new Error("the keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not into the address");
  const unknown = [...url.searchParams.keys()].find((name) => name !== "region" && name !== "endpoint");
  if (unknown !== undefined)
    throw new Error(`${unknown} is not a parameter of an object store; expected region, endpoint`);
  const region = url.searchParams.get("region") ?? "us-east-1";
  const endpoint = checkedEndpoint(url.searchParams.get("endpoint") ?? `https://s3.${region}.amazonaws.com`);
  return { kind: "s3", bucket: checkedBucket(url.hostname), prefix: prefixOf(url.pathname), region, endpoint };
}

/** Opens the store. Throws when keys are missing. A bucket is first asked when it is used. */
export async function openObjectStore(place: ObjectPlace, options: OpenOptions): Promise<ObjectStore> {
  if (place.kind === "folder") return openFolderStore(options.folder);
  const { accessKeyId, secretAccessKey } = options;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error("an object store in s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  const { prefix, region } = place;
  return openS3Store({ endpoint: `${place.endpoint}/${place.bucket}`, region, prefix, accessKeyId, secretAccessKey });
}

function checkedBucket(bucket: string): string {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return bucket;
  throw new Error(`${JSON.stringify(bucket)} is not the name of a bucket: 3 to 63 of a-z, 0-9, "." and "-"`);
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return endpoint.replace(/\/+$/, "");
  throw new Error(`the endpoint ${JSON.stringify(endpoint)} is not an http or https address`);
}

/** Names that end in a slash; empty for none. */
function prefixOf(pathname: string): string {
  const names = pathname.split("/").filter((name) => name !== "");
  const wrong = names.find((name) => !/^(?!\.\.?$)[A-Za-z0-9._-]+$/.test(name));
  if (wrong !== undefined)
    throw new Error(`the prefix has ${JSON.stringify(wrong)}: expected letters, digits, ".", "_", "-"`);
  return names.map((name) => `${name}/`).join("");
}
