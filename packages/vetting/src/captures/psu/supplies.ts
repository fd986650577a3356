import type { Measurement } from "../../ocp/run.ts";
import { metric } from "../capture.ts";
import type { SensorRow } from "./rows.ts";

/** Names of power supplies' sensors, for forms that do not tell the entity. */
const SUPPLY = /\bps(?:u)?[ _-]?\d|\bpsu?\b|power ?suppl|\bpws?\d|pwr ?suppl|redundan|\bps ?rdnt/i;
/** Entity 10 is "power supply" by IPMI 2.0, table 43-13. */
const SUPPLY_ENTITY = /^10\./;

/** What IPMI says of a supply that does not do its work, in ipmitool's words (sensor type 08h and generic states). */
const FAILURE =
  /(?<!predictive )failure detected|predictive failure(?! deasserted)|ac lost|input lost|out-of-range|config(?:uration)? error|transition to critical|non-recoverable/i;
const PRESENT = /presence detected|\bpresent\b/i;
const INACTIVE = /inactive|standby|\boff\b/i;
const WORDS = /detected|present|lost|out-of-range|inactive|error|failure|redundan|asserted|transition/i;
/** Bits of the same states, as `ipmitool sensor` tells them. */
const BIT_PRESENT = 0b1;
const BITS_FAILURE = 0b0111_1110;
const BIT_INACTIVE = 0b1000_0000;

const BEYOND = /^(?:cr|nr|lcr|lnr|ucr|unr)$/;
const NEAR = /^(?:nc|lnc|unc)$/;
const SILENT = /^(?:ns|na|us|nov)$/;

/** What the sensors say of one machine's power. A sensor that tells nothing is left out. */
export function supplyMetrics(all: readonly SensorRow[]): Measurement[] {
  const rows = all.filter(({ status }) => !SILENT.test(status));
  const supplies = rows.filter(isSupply);
  const redundancy = supplies.filter(isRedundancy);
  const states = supplies.filter((row) => !isRaw(row) && !isRedundancy(row) && !isReading(row));
  return [
    ...metric("psu.sensors", supplies.length),
    ...metric("psu.present", states.length === 0 ? undefined : states.filter(isPresent).length),
    ...states.flatMap(stateMetrics),
    ...supplies.filter((row) => !states.includes(row)).flatMap(limitMetrics),
    ...redundancy.flatMap(({ name, reading }) =>
      ofSupply("psu.redundancy_lost", Number(!/^fully redundant$/i.test(reading)), name),
    ),
    ...metric("psu.other_sensors_beyond", rows.filter((row) => !isSupply(row) && BEYOND.test(row.status)).length),
    ...supplies.flatMap(wattMetrics),
  ];
}

function isSupply({ name, entity }: SensorRow): boolean {
  return SUPPLY_ENTITY.test(entity ?? "") || SUPPLY.test(name);
}

function isRedundancy({ reading }: SensorRow): boolean {
  return /redundan/i.test(reading);
}

/** The short form of `sdr` tells a number that is not the states where a sensor has states. */
function isRaw({ reading }: SensorRow): boolean {
  return /^0x[0-9a-f]+$/i.test(reading);
}

/** A number with a unit, against the sensor's own limits. Some vendors add the states to it. */
function isReading({ reading }: SensorRow): boolean {
  return /^-?\d+(?:\.\d+)? +[a-z%]/i.test(reading) && !WORDS.test(reading);
}

function stateMetrics(row: SensorRow): Measurement[] {
  const bits = stateBits(row);
  const failed = bits === undefined ? saysFailed(row) : (bits & BITS_FAILURE) > 0;
  const inactive = bits === undefined ? INACTIVE.test(row.reading) : (bits & BIT_INACTIVE) > 0;
  return [
    ...ofSupply("psu.failed", Number(failed || BEYOND.test(row.status)), row.name),
    ...ofSupply("psu.inactive", Number(inactive && !failed), row.name),
    ...(isStatus(row) ? ofSupply("psu.absent", Number(!isPresent(row) && !failed), row.name) : []),
  ];
}

function saysFailed({ name, reading }: SensorRow): boolean {
  return FAILURE.test(reading) || (/fault|fail/i.test(name) && /^state asserted/i.test(reading));
}

/** Only a sensor that tells of presence can tell of absence. */
function isStatus({ name }: SensorRow): boolean {
  return /status|presen|^(?:power supply|psu?)[ _]?\d+$/i.test(name);
}

function isPresent(row: SensorRow): boolean {
  const bits = stateBits(row);
  return bits === undefined ? PRESENT.test(row.reading) : (bits & BIT_PRESENT) > 0;
}

function stateBits({ reading }: SensorRow): number | undefined {
  const bits = /^states ([0-9a-f]{2})$/i.exec(reading)?.[1];
  return bits === undefined ? undefined : Number.parseInt(bits, 16);
}

function limitMetrics(row: SensorRow): Measurement[] {
  const { name, status } = row;
  if (isRaw(row) && !BEYOND.test(status)) return [];
  return [
    ...ofSupply("psu.beyond_limits", Number(BEYOND.test(status)), name),
    ...ofSupply("psu.near_limits", Number(NEAR.test(status)), name),
  ];
}

/** What a supply takes from its mains; what it gives is another sensor's. */
function wattMetrics({ name, reading }: SensorRow): Measurement[] {
  const value = /^(\d{1,6}(?:\.\d{1,6})?) Watts\b/i.exec(reading)?.[1];
  return value === undefined || /out/i.test(name) ? [] : ofSupply("psu.watts", Number(value), name, "W");
}

function ofSupply(name: string, value: number, supply: string, unit = ""): Measurement[] {
  return [{ name, value, unit, part: `psu ${supply}` }];
}
