import { verify, type KeyObject } from "node:crypto";
import { z } from "zod";
import { PAYLOAD_TYPE, preAuthentication } from "./envelope.ts";
import { keyIdOf } from "./keys.ts";
import { PREDICATE_TYPE, STATEMENT_TYPE, statement, type Statement } from "./statement.ts";

const base64 = z
  .string()
  .max(64 * 1024 * 1024)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64");
const envelope = z.object({
  payloadType: z.string(),
  payload: base64,
  signatures: z
    .array(z.object({ keyid: z.string().optional(), sig: base64 }))
    .min(1, "expected at least one signature")
    .max(100),
});
type Envelope = z.infer<typeof envelope>;

/** An attestation that holds, or why it does not. */
export type Verification = { ok: true; statement: Statement; keyId: string } | { ok: false; reason: string };

/**
 * Whether a DSSE envelope holds an in-toto test result signed by this key. Needs nothing but the two. Takes any text. The
 * signature is checked before anything in the payload is looked at.
 */
export function verifyAttestation(text: string, key: KeyObject): Verification {
  const parsed = envelope.safeParse(jsonOf(text));
  if (!parsed.success) return failed(`this is no DSSE envelope: ${issueOf(parsed.error)}`);
  if (parsed.data.payloadType !== PAYLOAD_TYPE) {
    return failed(`payloadType is ${quoted(parsed.data.payloadType)}; ${PAYLOAD_TYPE} is wanted`);
  }
  const trouble = signatureTrouble(parsed.data, key);
  if (trouble !== undefined) return failed(trouble);
  return checkStatement(Buffer.from(parsed.data.payload, "base64"), keyIdOf(key));
}

/** What is wrong with the signatures. Undefined: one of them is this key's. */
function signatureTrouble({ payloadType, payload, signatures }: Envelope, key: KeyObject): string | undefined {
  const signed = preAuthentication(payloadType, Buffer.from(payload, "base64"));
  if (signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, "base64")))) return undefined;
  const keyId = keyIdOf(key);
  const named = signatures.flatMap(({ keyid }) => (keyid === undefined ? [] : [keyid]));
  return named.length === 0 || named.includes(keyId)
    ? "the signature does not fit: the payload, its type or the signature was changed after it was signed"
    : `it was signed with key ${named.map(quoted).join(", ")}; the key given is ${keyId}`;
}

function checkStatement(payload: Buffer, keyId: string): Verification {
  const parsed = statement.safeParse(jsonOf(payload.toString("utf8")));
  if (parsed.success) return { ok: true, statement: parsed.data, keyId };
  const wanted = `an in-toto statement (${STATEMENT_TYPE}) of a test result (${PREDICATE_TYPE})`;
  return failed(`the signature holds, but what is signed is not ${wanted}: ${issueOf(parsed.error)}`);
}

function failed(reason: string): Verification {
  return { ok: false, reason };
}

function issueOf({ issues }: z.ZodError): string {
  const issue = issues[0];
  if (issue === undefined || issue.path.length === 0) return "it is not a JSON object";
  return `${issue.path.map(String).join(".")}: ${issue.message}`.slice(0, 300);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
