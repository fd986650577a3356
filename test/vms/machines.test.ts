import { enrolmentToken, eventually, startServer, temporaryFolder } from "@groundcrew/testkit";
import { execa } from "execa";
import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { HOST, Vm } from "./vm.ts";

const UUID = "6d3a1c52-0b5e-4e0f-9c39-2f6f0a9d7e11";

/** A guest's processor is slow: starting the agent alone takes half a minute there. */
const STARTS_MAX_MS = 240_000;

test("a machine that boots the image with the server's address and a token is known by its SMBIOS", async (t) => {
  const folder = await temporaryFolder(t, "vms");
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=groundcrew", "-addext", `subjectAltName=IP:${HOST}`, "-days", "2", "-nodes"];
  await execa("openssl", ["req", "-x509", "-newkey", "rsa:2048", ...subject, "-keyout", key, "-out", cert]);
  const server = await startServer(t, { flags: ["--tls-cert", cert, "--tls-key", key] });
  const drive = join(folder, "drive");
  await writeFile(drive, "");
  await truncate(drive, 64 * 2 ** 20);
  const vm = await Vm.start(t, {
    serial: "VM-1",
    uuid: UUID,
    parameters: {
      server: `https://${HOST}:${new URL(server.url).port}`,
      fingerprint: server.fingerprint,
      token: await enrolmentToken(server),
    },
    drives: [{ serial: "NVME-1", file: drive }],
  });

  const look = async () => {
    if (!vm.isOn) throw new Error(vm.lines.slice(-40).join("\n"));
    return (await server.operator.listMachines({})).machines.find(({ identity }) => identity?.serial === "VM-1");
  };
  const machine = await eventually(look, { what: "the machine appears", timeoutMs: STARTS_MAX_MS, everyMs: 500 });
  assert.equal(machine.identity?.systemUuid, UUID);
});
