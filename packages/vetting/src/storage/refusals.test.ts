import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type DiskFacts, isSameDisk } from "./disk-facts.ts";
import { type DestructionRequest, destructionRefusals, REFUSAL_REASONS, type RefusalReason } from "./refusals.ts";
import { specDisks } from "./spec-disks.ts";

/** A spare disk that an operator named. */
const disk: DiskFacts = {
  name: "sdb",
  serial: "S1",
  wwn: "naa.5000c50012345678",
  model: "SPARE",
  sizeBytes: 2 ** 40,
  rotational: true,
  readOnly: false,
  mounts: [],
  swaps: [],
  holders: [],
  boot: false,
  partitions: [],
  signatures: [],
};
const request: DestructionRequest = {
  allowedHere: true,
  destroyData: ["S1"],
  confirmSignatures: [],
  serialsHere: ["S0", "S1"],
};

/** What makes each reason apply, and nothing else. */
const TABLE: {
  reason: RefusalReason;
  disk?: Partial<DiskFacts>;
  request?: Partial<DestructionRequest>;
  says: RegExp;
}[] = [
  { reason: "not_allowed_here", request: { allowedHere: false }, says: /--destructive-tests/ },
  { reason: "not_named", request: { destroyData: ["S0", "s1"] }, says: /"S1"/ },
  { reason: "blank_serial", disk: { serial: " " }, request: { destroyData: [" "] }, says: /no serial/ },
  { reason: "duplicate_serial", request: { serialsHere: ["S1", "S1"] }, says: /^2 disks/ },
  { reason: "blank_wwn", disk: { wwn: "" }, says: /no worldwide name/ },
  { reason: "not_local", disk: { remote: "iSCSI" }, says: /iSCSI/ },
  { reason: "read_only", disk: { readOnly: true }, says: /read-only/ },
  { reason: "mounted", disk: { mounts: ["/srv"] }, says: /\/srv/ },
  { reason: "swap", disk: { swaps: ["/dev/sdb2"] }, says: /\/dev\/sdb2/ },
  { reason: "held", disk: { holders: ["dm-0", "md1"] }, says: /dm-0, md1/ },
  { reason: "boot_disk", disk: { boot: true }, says: /started from it/ },
  { reason: "not_in_spec", request: { specDisks: [{ serial: "S0", tolerance: 0 }] }, says: /does not list it/ },
  { reason: "not_in_spec", request: { specDisks: specDisks({ disks: [{ size: 2 ** 39 }] }) }, says: /does not list/ },
  { reason: "not_in_spec", request: { specDisks: specDisks({ disks: [{ model: "OTHER" }] }) }, says: /does not list/ },
  { reason: "not_in_spec", request: { specDisks: [] }, says: /does not list/ },
  { reason: "signatures_unknown", disk: { signatures: undefined as never }, says: /may be anything/ },
  { reason: "signature_not_confirmed", disk: { signatures: ["crypto_LUKS"] }, says: /crypto_LUKS/ },
  {
    reason: "signature_not_confirmed",
    disk: { partitions: ["sdb1"] },
    request: { confirmSignatures: ["S0"] },
    says: /partition sdb1/,
  },
];

suite("destroying a disk's data", () => {
  test("is not refused for a spare disk that an operator named", () => {
    assert.deepEqual(destructionRefusals(disk, request), []);
    for (const listed of [
      { serial: "S1" },
      { size: 1.005 * 2 ** 40 },
      { model: "SPARE", size: 2 ** 40, tolerance: 0 },
    ]) {
      const specified = { ...request, specDisks: specDisks({ disks: [{ serial: "S0" }, listed] }) };
      assert.deepEqual(destructionRefusals(disk, specified), [], JSON.stringify(listed));
    }
    for (const spec of [undefined, {}, { nics: [] }]) assert.equal(specDisks(spec), undefined);
  });

  for (const row of TABLE) {
    test(`is refused: ${row.reason} (${row.says.source})`, () => {
      const [refusal, ...others] = destructionRefusals({ ...disk, ...row.disk }, { ...request, ...row.request });
      assert.equal(refusal?.reason, row.reason);
      assert.match(refusal.message, row.says);
      assert.deepEqual(others, []);
    });
  }

  test("every rule has its row", () => {
    assert.deepEqual(new Set(TABLE.map(({ reason }) => reason)), new Set(REFUSAL_REASONS));
  });

  test("what stands on it is no reason once confirmed by its serial, and confirms nothing else", () => {
    const full = { ...disk, signatures: ["gpt", "ext4"], partitions: ["sdb1"] };
    const confirmed = { ...request, confirmSignatures: ["S1"] };
    assert.deepEqual(destructionRefusals(full, confirmed), []);
    const [refusal] = destructionRefusals({ ...full, mounts: ["/"] }, confirmed);
    assert.equal(refusal?.reason, "mounted");
  });

  test("tells every reason there is, not the first one", () => {
    const reasons = destructionRefusals({ ...disk, mounts: ["/"], boot: true, serial: "" }, { ...request });
    assert.deepEqual(
      reasons.map(({ reason }) => reason),
      ["not_named", "blank_serial", "mounted", "boot_disk"],
    );
  });

  test("a drive that took another's name between two readings is another drive", () => {
    assert.ok(isSameDisk(disk, { ...disk, name: "sdc" }));
    for (const other of [{ serial: "S2" }, { wwn: "naa.1" }, { sizeBytes: 1 }]) {
      assert.ok(!isSameDisk(disk, { ...disk, ...other }));
    }
  });
});
