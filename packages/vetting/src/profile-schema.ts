import { z } from "zod";
import { OPERATORS, SEVERITIES } from "./gate.ts";
import { PARAMETERS } from "./parameters.ts";
import { isExtraStage, type AgentStageName } from "./stages.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest stage: two weeks (336 h), which is how long a thorough memory burn-in takes. */
const MAX_TIMEOUT_MS = 336 * 3_600_000;

const duration = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h)$/, 'expected a duration such as "30s", "5m" or "2h"')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/\d+/, "")] ?? 0))
  .refine((ms) => ms >= 1000 && ms <= MAX_TIMEOUT_MS, "expected between 1s and 336h");

/** A hold that nobody ends is over after a day, unless the profile says otherwise. */
const HOLD_EXPIRES_MS = 24 * 3_600_000;

const hold = z
  .strictObject({ expires: duration.default(HOLD_EXPIRES_MS), ssh_key: z.boolean().default(false) })
  .transform(({ expires, ssh_key }) => ({ expiresMs: expires, sshKey: ssh_key }));

const gate = z.strictObject({
  metric: z.string().regex(/^[a-z0-9_]+(\.[a-z0-9_]+)+$/, "expected a metric's name such as cpu.threads"),
  op: z.enum(OPERATORS),
  value: z.number(),
  severity: z.enum(SEVERITIES).default("fail"),
  optional: z.boolean().default(false),
});

/** The file's outermost mapping. Each stage is checked on its own, by {@link skipped} or {@link gated}. */
export const profileFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "expected lower-case letters, digits and dashes"),
  description: z.string().default(""),
  hold: z.preprocess((value) => (value === false ? undefined : value), hold.optional()),
  absence_limit: duration.optional(),
  power_off: z.boolean().default(false),
  stages: z.record(z.string(), z.unknown()),
  extra_stages: z.array(z.unknown()).max(20, "expected at most 20 stages").default([]),
});

/** A stage with a `skip`. */
export const skipped = z.strictObject({ skip: z.string().trim().min(1, "expected the reason") });

/** A stage without. */
export function gated(name: AgentStageName) {
  return z.strictObject({
    required: z.boolean().default(true),
    timeout: duration,
    parameters: z.preprocess((value) => value ?? {}, PARAMETERS[name] ?? z.record(z.string(), z.unknown())),
    gates: z.array(gate).min(1, "expected at least one gate: a stage that judges nothing cannot pass"),
  });
}

/** A third party's stage. */
export const extraStage = gated("extra.stage").extend({
  name: z.string().refine(isExtraStage, "expected a name with a dot, such as acme.fans: a to z, 0 to 9 and _"),
});

/** The specification's stage, which the server does: it needs neither a limit nor parameters. */
export const specStage = z.strictObject({
  required: z.boolean().default(true),
  without_spec: z.string().trim().min(1, "expected the reason").optional(),
  gates: z
    .array(gate)
    .min(1, "expected at least one gate: a stage that judges nothing cannot pass")
    .default([{ metric: "spec.differences", op: "=", value: 0, severity: "fail", optional: false }]),
});
