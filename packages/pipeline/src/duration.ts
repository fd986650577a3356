/** Days, hours, minutes and seconds in that order, at least one of them: `30s`, `5m`, `1h30m`, `2d`. */
export const durationPattern = /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** The milliseconds of a text that matches `durationPattern`; NaN for any other. */
export function durationMs(text: string): number {
  const match = durationPattern.exec(text);
  if (!match) return Number.NaN;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
