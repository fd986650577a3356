import { Metadata } from "@grpc/grpc-js";

/** gRPC metadata as headers; binary values become base64 text. */
export function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) {
      headers.append(key, typeof value === "string" ? value : value.toString("base64"));
    }
  }
  return headers;
}

/** Headers as gRPC metadata; keys that end in "-bin" are decoded from base64. */
export function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of headers) {
    metadata.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  }
  return metadata;
}
