/**
 * The last place at or before `end` that cuts no UTF-8 character in two. `end` itself where the bytes before it are no
 * UTF-8, and where less than one byte would be left after `start`.
 */
export function characterBoundary(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at > start && at >= end - 3; at--) {
    const byte = bytes[at] ?? 0;
    if (!isContinuation(byte)) return at + characterBytes(byte) > end ? at : end;
  }
  return end;
}

function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

/** The bytes of a character that starts with this one. */
function characterBytes(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
