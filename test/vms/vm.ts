import { atEnd, temporaryFolder, type Owner } from "@groundcrew/testkit";
import { execa } from "execa";
import { EventEmitter, once } from "node:events";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Where `image/build.sh` leaves the image: `make vms` says. */
const IMAGE = process.env["GROUNDCREW_IMAGE"] ?? fileURLToPath(new URL("../../dist/image", import.meta.url));

/** What a guest calls the machine that it runs on. */
export const HOST = "10.0.2.2";

/** Without hardware help the guest's processor is ten times slower, and tests share the machine. */
const BOOT_MAX_MS = 180_000;

/** A machine to make. */
export interface VmOptions {
  /** In SMBIOS: what the machine is known by. */
  serial: string;
  /** SMBIOS' system UUID. */
  uuid: string;
  /** `groundcrew.NAME=VALUE` on the kernel's command line. */
  parameters: Readonly<Record<string, string>>;
  /** NVMe drives, each a file of its own. */
  drives?: readonly { serial: string; file: string }[];
  /** The drive that holds what outlives a restart. */
  stateFile?: string;
  /** With a management controller, and its sensors. Default: none. */
  bmc?: boolean;
}

/** A virtual machine that boots the image. It ends with its owner. */
export class Vm {
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #process;
  readonly #monitor: string;
  #isOn = true;
  /** What its console said so far. */
  readonly lines: string[] = [];
  /** The port of the loopback interface that leads to its sshd. */
  readonly sshPort: number;

  private constructor(args: readonly string[], monitor: string, sshPort: number) {
    this.#monitor = monitor;
    this.sshPort = sshPort;
    const options = { stdin: "ignore", buffer: false, reject: false, all: true, forceKillAfterDelay: 2_000 } as const;
    this.#process = execa("qemu-system-x86_64", [...args], options);
    createInterface({ input: this.#process.all }).on("line", (line) => {
      this.lines.push(line);
      this.#emitter.emit("line");
    });
    void this.#process.then(() => {
      this.#isOn = false;
      this.#emitter.emit("line");
    });
  }

  /** Starts one and returns at once: what it says and does tells how far it is. */
  static async start(owner: Owner, options: VmOptions): Promise<Vm> {
    const monitor = join(await temporaryFolder(owner, "vm"), "monitor");
    const sshPort = await freePort();
    const vm = new Vm(argumentsOf(options, monitor, sshPort), monitor, sshPort);
    atEnd(owner, () => vm.end());
    return vm;
  }

  /** True until it was switched off or ended. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Resolves once its console has said this `times` times. Rejects when it is off before. */
  async said(text: string, times = 1): Promise<void> {
    const late = AbortSignal.timeout(BOOT_MAX_MS);
    while (this.lines.filter((line) => line.includes(text)).length < times) {
      if (!this.isOn || late.aborted) throw new Error(`it never said ${text}:\n${this.lines.slice(-40).join("\n")}`);
      await once(this.#emitter, "line", { signal: late }).catch(() => undefined);
    }
  }

  /** Resolves once it has switched itself off. */
  async off(): Promise<void> {
    await this.#process;
  }

  /** Has its kernel panic, which `panic=` on its command line turns into a restart. */
  async panic(): Promise<void> {
    const socket = createConnection(this.#monitor);
    const answers = createInterface({ input: socket });
    const next = async (): Promise<void> => void (await once(answers, "line"));
    await next();
    for (const execute of ["qmp_capabilities", "inject-nmi"]) {
      socket.write(`${JSON.stringify({ execute })}\n`);
      await next();
    }
    socket.destroy();
  }

  /** Ends it, however far it is. */
  async end(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process;
  }
}

function argumentsOf(options: VmOptions, monitor: string, sshPort: number): string[] {
  const { serial, uuid, parameters, drives = [], stateFile, bmc = false } = options;
  const words = Object.entries(parameters).map(([name, value]) => `groundcrew.${name}=${value}`);
  // An interrupt that nothing else explains panics: that is how a test has the kernel crash.
  const append = ["console=ttyS0", "quiet", "panic=1", "unknown_nmi_panic=1", ...words].join(" ");
  const nvme = drives.flatMap((drive, index) => [
    `-drive file=${drive.file},if=none,format=raw,id=drive${index}`,
    `-device nvme,serial=${drive.serial},drive=drive${index}`,
  ]);
  const flags = [
    "-machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 2048",
    "-nodefaults -no-user-config -display none -serial stdio",
    `-qmp unix:${monitor},server=on,wait=off`,
    `-kernel ${join(IMAGE, "vmlinuz")} -initrd ${join(IMAGE, "initrd")}`,
    `-netdev user,id=net,hostfwd=tcp:127.0.0.1:${sshPort}-:22 -device virtio-net-pci,netdev=net`,
    `-smbios type=1,manufacturer=Groundcrew,product=Virtual,serial=${serial},uuid=${uuid}`,
    `-smbios type=2,manufacturer=Groundcrew,product=Board,serial=B-${serial}`,
    ...(stateFile === undefined ? [] : [`-drive file=${stateFile},if=virtio,format=raw`]),
    ...nvme,
    ...(bmc ? ["-device ipmi-bmc-sim,id=bmc -device isa-ipmi-kcs,bmc=bmc"] : []),
  ];
  return [...flags.join(" ").split(" "), "-append", append];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
