/** One sensor as ipmitool tells of it, in any of its forms. */
export interface SensorRow {
  name: string;
  /** The entity it belongs to, such as `10.1`: entity 10 is a power supply. Only `elist` tells. */
  entity?: string;
  /** `ok`, `nc` (near a limit), `cr` and `nr` (beyond it), `ns` (tells nothing). */
  status: string;
  /** The reading or the states, as words. Empty: none. */
  reading: string;
}

/** One entry of the event log. */
export interface SelEntry {
  /** As ipmitool writes it, in hexadecimal. */
  id: string;
  /** As ipmitool writes them; `Pre-Init` where the controller had no clock yet. */
  date: string;
  time: string;
  sensor: string;
  event: string;
  /** False: it went away again. */
  asserted: boolean;
}

const STATUS = /^(?:ok|nc|cr|nr|lnc|lcr|lnr|unc|ucr|unr|ns|na|us|nov)$/i;
const HEX_ID = /^[0-9a-f]{1,6}h$/i;
const DATE = /^(?:\d{1,2}\/\d{1,2}\/\d{2,4}|pre-init.*)$/i;

/** Reads a row of `sdr`, `sdr elist`, `sdr type …` or `sensor`. Undefined: it is none. */
export function sensorRow(line: string): SensorRow | undefined {
  const cells = line.split("|").map((cell) => cell.trim());
  const [name = "", second = "", third = "", fourth = "", fifth = ""] = cells;
  if (name === "") return undefined;
  if (cells.length === 5 && HEX_ID.test(second) && STATUS.test(third)) {
    return { name, entity: fourth, status: third.toLowerCase(), reading: fifth };
  }
  if (cells.length === 10) return sensorTableRow(name, second, third, fourth);
  if (cells.length === 3 && STATUS.test(third)) return { name, status: third.toLowerCase(), reading: second };
  return undefined;
}

/** `sensor` tells the states of what has no number as bits: `0x0180` is state bits 0 to 7 and then 8 to 15. */
function sensorTableRow(name: string, value: string, unit: string, state: string): SensorRow {
  if (unit !== "discrete") return { name, status: state.toLowerCase(), reading: `${value} ${unit}` };
  const bits = /^0x([0-9a-f]{2})[0-9a-f]{2}$/i.exec(state)?.[1];
  return { name, status: bits === undefined ? "ns" : "ok", reading: bits === undefined ? "" : `states ${bits}` };
}

/** Reads a row of `sel elist` or `sel list`. Undefined: it is none. */
export function selEntry(line: string): SelEntry | undefined {
  const cells = line.split("|").map((cell) => cell.trim());
  const [id = "", date = "", ...rest] = cells;
  if (!/^[0-9a-f]{1,6}$/i.test(id) || !DATE.test(date) || rest.length < 2) return undefined;
  const [time = "", sensor = "", event = "", direction = ""] = rest;
  return { id, date, time, sensor, event, asserted: !/^deassert/i.test(direction) };
}
