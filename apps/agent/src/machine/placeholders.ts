// What makers leave in SMBIOS fields that they did not fill in, as collected by dmidecode, Linux's DMI quirks and
// fleet inventories. Lower case.
const PLACEHOLDERS = new Set([
  "",
  "0123456789",
  "1234567890",
  "123456789",
  "12345678",
  "base board serial number",
  "chassis serial number",
  "default string",
  "empty",
  "invalid",
  "n/a",
  "na",
  "none",
  "not applicable",
  "not available",
  "not present",
  "not specified",
  "null",
  "o.e.m.",
  "o.e.m",
  "oem",
  "serial number",
  "system manufacturer",
  "system product name",
  "system serial number",
  "to be filled by o.e.m.",
  "to be filled by o.e.m",
  "to be filled by oem",
  "undefined",
  "unknown",
  "unspecified",
  "sample",
]);

// Boards of several makers ship with these.
const SHARED_UUIDS = new Set(["03000200-0400-0500-0006-000700080009", "12345678-1234-5678-90ab-cddeefaabbcc"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The value, trimmed; "" for a placeholder or a repetition of one character. */
export function realValue(text: string): string {
  const value = text.trim();
  const isRepetition = /^(.?)\1*$/.test(value.replaceAll(/[\s.:-]/g, ""));
  return isRepetition || PLACEHOLDERS.has(value.toLowerCase()) ? "" : value;
}

/** The UUID in lower case; "" for a placeholder, one known to be shared, or no UUID. */
export function realUuid(text: string): string {
  const uuid = realValue(text).toLowerCase();
  return UUID.test(uuid) && !SHARED_UUIDS.has(uuid) ? uuid : "";
}
