import { asObject, asObjects } from "../parsers/json.ts";

/**
 * How fast a link is, by how fast the specification says that one of this machine's is: 1 when it is one of the speeds
 * that it lists, else by the fastest of them. In Mbit/s. Undefined: the specification lists none.
 */
export function linkBySpec(speedMbits: number, spec: unknown): number | undefined {
  const nics = asObjects(asObject(spec)?.["nics"]);
  const speeds = nics
    .map((nic) => nic["speed"])
    .filter((speed) => typeof speed === "number")
    .filter((speed) => speed > 0);
  if (speeds.length === 0) return undefined;
  return speeds.includes(speedMbits) ? 1 : speedMbits / Math.max(...speeds);
}
