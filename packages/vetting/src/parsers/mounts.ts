/** One mounted file system. */
export interface Mount {
  /** Where, such as `/srv`. */
  at: string;
  /** Its device's numbers, `MAJOR:MINOR`; those of an anonymous device for btrfs and others. */
  device: string;
  /** What it was mounted from, such as `/dev/sda1`; no path for many file systems. */
  source: string;
}

/** Reads `/proc/PID/mountinfo`. */
export function parseMountInfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [mount = "", rest = ""] = line.split(" - ");
    const [, , device, , at] = mount.split(" ");
    const [, source = ""] = rest.split(" ");
    if (device === undefined || at === undefined || !/^\d+:\d+$/.test(device)) return [];
    return [{ at: unescaped(at), device, source: unescaped(source) }];
  });
}

/** The devices and files in `/proc/swaps`. */
export function parseSwaps(text: string): string[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name = ""] = line.split(/\s+/);
      return name === "" ? [] : [unescaped(name)];
    });
}

/** The kernel writes blanks and backslashes in names as three octal digits. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
