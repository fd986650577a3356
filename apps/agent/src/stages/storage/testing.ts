import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { type TestContext } from "node:test";

/** Where the played machine's drives hang. */
const BUS = "sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block";

/** Why loop devices cannot be made here; false: they can. */
export function noLoopDevices(): string | false {
  if (process.getuid?.() !== 0) return "needs root, for loop devices";
  try {
    execFileSync("losetup", ["--find"], { stdio: "ignore" });
    return false;
  } catch {
    return "needs loop devices, and losetup (Debian package mount)";
  }
}

/** A drive of a played machine: the kernel's files about it are made up, what can be opened is a real loop device. */
export interface PlayedDrive {
  /** The kernel's name of it, in the played machine. */
  name: string;
  /** The loop device behind it. */
  loop: string;
  /** The file behind that. */
  file: string;
  /** Its folder in the played /sys. */
  folder: string;
}

/** A machine whose `sys`, `proc` and `dev` lie in a folder, so that a loop device can pass for a drive of its own. */
export class PlayedMachine {
  readonly root = mkdtempSync(join(tmpdir(), "groundcrew-machine-"));
  /** What its files in /proc say, by their paths, instead of what the real machine's say. */
  readonly pretended = new Map<string, string>();
  readonly #loops: string[] = [];

  constructor(t: Pick<TestContext, "after">) {
    mkdirSync(join(this.root, "proc/1"), { recursive: true });
    mkdirSync(join(this.root, "proc/self"));
    this.lookAgain();
    t.after(() => {
      for (const loop of this.#loops) execFileSync("losetup", ["--detach", loop]);
      rmSync(this.root, { recursive: true });
    });
  }

  /** Takes over what is mounted and swapped to on the real machine now, but for what is pretended. */
  lookAgain(): void {
    for (const file of ["proc/self/mountinfo", "proc/swaps", "proc/cmdline"]) {
      writeFileSync(join(this.root, file), this.pretended.get(file) ?? readFileSync(`/${file}`));
    }
  }

  /** Adds a drive of 32 MiB, empty, attached by SATA. */
  addDrive(name: string, { serial = name.toUpperCase(), wwn = `naa.${name}`, bus = BUS } = {}): PlayedDrive {
    const file = join(this.root, `${name}.img`);
    writeFileSync(file, "");
    truncateSync(file, 32 * 2 ** 20);
    const loop = execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8" }).trim();
    this.#loops.push(loop);
    const numbers = execFileSync("lsblk", ["-ndo", "MAJ:MIN", loop], { encoding: "utf8" }).trim();
    const folder = join(this.root, bus, name);
    const files = { dev: numbers, size: "65536", ro: "0", "queue/rotational": "1" };
    for (const [path, text] of Object.entries({ ...files, "device/model": "PLAYED", "device/serial": serial })) {
      this.write(join(folder, path), text);
    }
    if (wwn !== "") this.write(join(folder, "device/wwid"), wwn);
    mkdirSync(join(folder, "holders"));
    for (const path of [`sys/block/${name}`, `sys/class/block/${name}`, `sys/dev/block/${numbers}`])
      this.link(path, folder);
    this.link(`dev/${name}`, loop);
    return { name, loop, file, folder };
  }

  /** Puts a text into a file, and makes the folders above it. */
  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
  }

  /** Makes a link in the played machine. */
  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
  }
}
