import { firmwareParameters } from "@groundcrew/vetting";
import { type Component, findComponents } from "./firmware/components.ts";
import { Notebook } from "./inventory/notebook.ts";
import { recordNotes, thisMachine } from "./record.ts";
import { COMPLETE, type Stage } from "./stage.ts";

/** The versions that each component may have. */
type AllowList = Readonly<Record<string, readonly string[]>>;

/**
 * Which firmware each part runs, against the versions that the profile and the machine's specification allow. Reads only:
 * nothing is ever flashed.
 */
export const firmware: Stage = async ({ ocp, program, signal, say, facts, ...context }) => {
  const parameters = firmwareParameters(context.parameters);
  const allowed = merged(parameters.allow, allowListOf(facts.spec));
  const notes = new Notebook(signal);
  ocp.start({ ...program, parameters, dutInfo: thisMachine() });
  const components = await findComponents(notes);
  await notes.keep("firmware.json", `${JSON.stringify(components, undefined, 2)}\n`);
  ocp.measurement("firmware.components", components.length);
  for (const component of components) {
    const verdict = isAllowed(component, allowed);
    say(`${component.name} (${component.part}): ${component.version}${wordOf(verdict)}`);
    if (verdict !== undefined) ocp.measurement("firmware.not_allowed", Number(!verdict), undefined, component.part);
  }
  ocp.measurement("firmware.unlisted", components.filter((each) => isAllowed(each, allowed) === undefined).length);
  const unseen = Object.keys(allowed).filter((name) => !components.some((component) => component.name === name));
  ocp.measurement("firmware.listed_not_found", unseen.length);
  if (unseen.length > 0) say(`listed, but not found: ${unseen.join(", ")}`);
  if (Object.keys(allowed).length === 0) {
    ocp.absent({
      what: "allowed versions",
      why: "neither profile nor specification lists any",
      metrics: ["firmware.not_allowed"],
    });
  }
  recordNotes(ocp, notes);
  return COMPLETE;
};

/** Undefined: no list speaks of it. */
function isAllowed({ name, version }: Component, allowed: AllowList): boolean | undefined {
  return Object.hasOwn(allowed, name) ? allowed[name]?.includes(version) : undefined;
}

function wordOf(verdict: boolean | undefined): string {
  if (verdict === undefined) return "";
  return verdict ? ", allowed" : ", NOT allowed";
}

/** What a specification allows: `firmware`, by component. */
function allowListOf(spec: unknown): AllowList {
  const lists = typeof spec === "object" && spec !== null && "firmware" in spec ? spec.firmware : undefined;
  if (typeof lists !== "object" || lists === null) return {};
  const entries = Object.entries(lists).flatMap(([name, versions]) =>
    Array.isArray(versions) ? [[name, versions.filter((each) => typeof each === "string")] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** Both must allow a version that both speak of. */
function merged(profile: AllowList, spec: AllowList): AllowList {
  const both = Object.keys(profile).filter((name) => Object.hasOwn(spec, name));
  const common = both.map((name) => [name, profile[name]?.filter((each) => spec[name]?.includes(each)) ?? []] as const);
  return { ...spec, ...profile, ...Object.fromEntries(common) };
}
