const CARRIAGE_RETURN = 0x0d;

/**
 * What a terminal shows of a line that overwrites itself: from the last carriage return that has text after it. All of
 * a line that has none; carriage returns at its end overwrite nothing.
 */
export function newestState(line: Uint8Array): Uint8Array {
  return line.subarray(Math.max(0, lastOverwrite(line)));
}

/** Where a carriage return has text after it for the last time; -1 where none has. */
export function lastOverwrite(line: Uint8Array): number {
  let end = line.length;
  while (end > 0 && line[end - 1] === CARRIAGE_RETURN) end--;
  return end === 0 ? -1 : line.lastIndexOf(CARRIAGE_RETURN, end - 1);
}
