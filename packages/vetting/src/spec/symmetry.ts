import type { Dimm } from "../inventory.ts";
import { sizeText } from "./quantities.ts";

/**
 * What is uneven in how memory channels are filled, for people; empty when nothing is. Undefined when the slots' names do
 * not tell channels apart: makers name them as they like.
 */
export function unevenChannels(dimms: readonly Dimm[]): string[] | undefined {
  const channels = Map.groupBy(dimms, channelOf);
  if (dimms.length === 0 || channels.has("") || (channels.size === 1 && dimms.length > 1)) return undefined;
  const filled = [...channels].map(([name, each]) => ({ name, has: each.map(sizeOf).toSorted().join(" + ") }));
  const usual = mostCommon(filled.map(({ has }) => has));
  return filled.filter(({ has }) => has !== usual).map(({ name, has }) => `${name} has ${has}, most have ${usual}`);
}

/** The channel of a slot such as `DIMM_A1`, `CPU1_DIMM_B2`, `P0 CHANNEL A` or `ChannelA-DIMM0`. Empty: it does not tell. */
function channelOf({ locator = "", bank = "" }: Dimm): string {
  const bankTells = /channel/i.test(bank);
  const name = bankTells ? bank : locator;
  const withoutSlot = name.replace(/[\s_-]*dimm[\s_-]*\d+$/i, "");
  if (withoutSlot !== name || bankTells) return withoutSlot.trim();
  return /[A-Za-z]\d*$/.test(name) && /[A-Z]\d+$/.test(name) ? name.replace(/\d+$/, "") : "";
}

function sizeOf({ sizeBytes }: Dimm): string {
  return sizeText(sizeBytes);
}

function mostCommon(values: readonly string[]): string {
  const groups = [...Map.groupBy(values, (value) => value)];
  return groups.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[0] ?? "";
}
