import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { keyIdOf } from "./keys.ts";
import type { Statement } from "./statement.ts";

/** The payload's media type in a DSSE envelope. */
export const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** A signed statement as a DSSE envelope (https://github.com/secure-systems-lab/dsse), one JSON document with a newline. */
export function signStatement(statement: Statement, privateKey: KeyObject): string {
  const payload = Buffer.from(JSON.stringify(statement));
  const signature = sign(null, preAuthentication(PAYLOAD_TYPE, payload), privateKey);
  const envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString("base64"),
    signatures: [{ keyid: keyIdOf(createPublicKey(privateKey)), sig: signature.toString("base64") }],
  };
  return `${JSON.stringify(envelope, undefined, 2)}\n`;
}

/** DSSE's pre-authentication encoding: what is signed, so that a payload cannot be taken for one of another type. */
export function preAuthentication(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
