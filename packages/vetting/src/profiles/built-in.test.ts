import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isSkipped } from "../profile.ts";
import { PROFILED_STAGES } from "../stages.ts";
import { builtInProfiles, builtInProfileText } from "./built-in.ts";

suite("the built-in profiles", () => {
  test("speak about every stage; quick, standard and soak run all that an agent has", () => {
    assert.deepEqual([...builtInProfiles.keys()], ["demo", "quick", "standard", "soak"]);
    for (const [name, { stages }] of builtInProfiles) {
      assert.deepEqual(
        stages.map((stage) => stage.name),
        PROFILED_STAGES,
        name,
      );
      const skipped = stages.filter(isSkipped).map((stage) => stage.name);
      if (name !== "demo") assert.deepEqual(skipped, ["spec_validate"], name);
    }
  });

  test("take longer the more thorough they are", () => {
    const limits = ["quick", "standard", "soak"].map((name) =>
      (builtInProfiles.get(name)?.stages ?? []).reduce(
        (sum, stage) => sum + ("timeoutMs" in stage ? stage.timeoutMs : 0),
        0,
      ),
    );
    assert.deepEqual(
      limits,
      limits.toSorted((a, b) => a - b),
    );
  });

  test("hold a machine that did not pass for a day; the demo holds none", () => {
    assert.deepEqual(
      [...builtInProfiles.values()].map(({ name, hold }) => [name, hold?.expiresMs]),
      [
        ["demo", undefined],
        ["quick", 86_400_000],
        ["standard", 86_400_000],
        ["soak", 86_400_000],
      ],
    );
  });

  test("can be taken as the beginning of one's own", () => {
    assert.match(builtInProfileText("standard") ?? "", /^name: standard\n/);
    assert.equal(builtInProfileText("toString"), undefined);
  });
});
