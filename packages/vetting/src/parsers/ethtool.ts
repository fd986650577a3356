/** Counters of a card's driver that mean a broken frame or transfer, whatever the driver calls them. */
const ERRORS = /(?:^|[_.])(?:crc|fcs|symbol|align\w*|err(?:or)?s?|timeouts?)(?:$|[_.])|errors?$|_err$/i;

/**
 * Reads `ethtool -S INTERFACE`: the driver's own counters of errors by name. Counters of drops are left out: a full queue
 * drops sound frames.
 */
export function parseEthtoolErrors(text: string): ReadonlyMap<string, number> {
  const lines = [...text.matchAll(/^\s+(\S[^:\n]*): (\d{1,15})$/gm)];
  const counters = lines.map(([, name = "", count]) => [name.trim(), Number(count)] as const);
  return new Map(counters.filter(([name]) => ERRORS.test(name) && !/drop|discard/i.test(name)));
}
