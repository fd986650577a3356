import type { StepPlan } from "./plan.ts";
import { defaultStepName } from "./step-names.ts";
import type { Step, StepItem } from "./step-schema.ts";
import { computedOf, fixedOf, layered, type Variables } from "./variables.ts";

/** The steps of a workflow in order, groups numbered from 1; `inherited` are the variables of all of them. */
export function stepPlans(items: readonly StepItem[], inherited: Variables): StepPlan[] {
  let groups = 0;
  const steps = items.flatMap((item) => {
    if (!("parallel" in item)) return [{ step: item, parallel: 0 }];
    groups += 1;
    return item.parallel.map((step) => ({ step, parallel: groups }));
  });
  return steps.map(({ step, parallel }, index) => stepPlan({ step, parallel, index, inherited }));
}

function stepPlan(options: { step: Step; parallel: number; index: number; inherited: Variables }): StepPlan {
  const { step, parallel, index, inherited } = options;
  const { service, retry } = step;
  // Those of the workflow with a fixed text are its own; what is computed, or a secret, is each step's.
  const { env, secrets } = layered({ env: onlyComputed(inherited), secrets: inherited.secrets }, step);
  return {
    name: step.name ?? defaultStepName(index),
    run: step.run,
    shell: step.shell,
    env: fixedOf(env),
    computedEnv: computedOf(env),
    secrets,
    timeoutMs: step.timeout ?? 0,
    condition: step.if ?? "",
    continueOnError: step.continue_on_error,
    always: step.always,
    ...(retry && { retry: { max: retry.max, backoffMs: retry.backoff } }),
    parallel,
    ...(service && { service: servicePlan(service) }),
    outputs: [...step.outputs],
    junit: [...step.junit],
    artifacts: step.artifacts.map(({ name, paths, when }) => ({ name, paths: [...paths], when })),
    downloads: step.downloads.map((download) => ({ ...download })),
    caches: step.cache.map(({ key, restore_keys, paths }) => ({
      key,
      restoreKeys: [...restore_keys],
      paths: [...paths],
    })),
    image: step.image,
  };
}

function onlyComputed({ env }: Variables): Variables["env"] {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value !== "string"));
}

function servicePlan({ run, port, timeout }: NonNullable<Step["service"]>): NonNullable<StepPlan["service"]> {
  return { ...(run !== undefined && { run }), ...(port !== undefined && { port }), timeoutMs: timeout };
}
