import manifest from "../package.json" with { type: "json" };

/** The version of this `crew`. */
export const crewVersion: string = manifest.version;
