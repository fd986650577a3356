/** A shorter secret, or line of a secret, is not looked for: it would blot out half of the log. In bytes of UTF-8. */
export const SECRET_MIN_BYTES = 4;

/**
 * Every byte string that gives one of these secrets away, each once: its lines as they are, and as URLs, JSON and
 * traces of a shell write them; and the base64 of the whole and of each line. Blanks around a line do not count.
 */
export function secretForms(secrets: readonly string[]): Buffer[] {
  const lines = secrets.flatMap((secret) => secret.split(/\r?\n/)).map((line) => line.trim());
  const wholes = [...secrets, ...secrets.map((secret) => secret.trim())];
  const written = lines.filter(isLongEnough).flatMap((line) => [line, ...urlForms(line), ...quotedForms(line)]);
  const encoded = [...wholes, ...lines].filter(isLongEnough).flatMap(base64Forms);
  return [...new Set([...written, ...encoded])].filter(isLongEnough).map((form) => Buffer.from(form));
}

function isLongEnough(text: string): boolean {
  return Buffer.byteLength(text) >= SECRET_MIN_BYTES;
}

/** As JavaScript, RFC 3986 and HTML forms encode it, in capitals or not. */
function urlForms(text: string): string[] {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  const component = encodeURIComponent(whole);
  const strict = component.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([["", whole]]).toString().slice(1);
  const forms = [component, strict, strict.replaceAll("%2F", "/"), form];
  return [...forms, ...forms.map((each) => each.replace(/%../g, (code) => code.toLowerCase()))];
}

/** Inside JSON, as most write it, in ASCII only, and as Go does; inside the quotes of bash's and dash's `set -x`. */
function quotedForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const go = json.replace(/[<>&]/g, unicodeEscape);
  const shell = [`'\\''`, `'"'"'`].map((quote) => text.replaceAll("'", quote));
  return [json, ascii(json), go, json.replaceAll("/", "\\/"), ...shell];
}

function ascii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Alone, with and without padding and a last newline; inside any other text; in lines; with either alphabet. */
function base64Forms(text: string): string[] {
  const alone = [text, `${text}\n`].map((each) => Buffer.from(each).toString("base64"));
  const inside = [0, 1, 2].map((before) => base64Inside(text, before));
  const forms = [...alone, ...alone.map((form) => form.replace(/=+$/, "")), ...inside, ...alone.flatMap(wrapped)];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

/** What base64 makes of the text alone, whatever stands around it, when `before` bytes of a group precede it. */
function base64Inside(text: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return bytes.toString("base64").slice(first, last);
}

// The columns after which openssl and PEM, and base64 and MIME, begin a new line.
const WRAP_COLUMNS = [64, 76];
// The end of a wrapped form may be so short that it is in every log.
const WRAPPED_MIN = 8;

function wrapped(base64: string): string[] {
  const lines = WRAP_COLUMNS.flatMap((columns) => base64.match(new RegExp(`.{1,${columns}}`, "g")) ?? []);
  return lines.filter(({ length }) => length >= WRAPPED_MIN);
}
