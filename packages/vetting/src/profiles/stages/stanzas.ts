/** How thorough a built-in profile is. */
export type Depth = "quick" | "standard" | "soak";

/** One stage's part of each built-in profile: YAML, as it stands under the stage's name, without indentation. */
export type Stanzas = Readonly<Record<Depth, string>>;

/** A head (limits and parameters) with its gates. */
export function stanza(head: string, gates: string): string {
  return `${head.trim()}\ngates:\n${gates.trim().replaceAll(/^/gm, "  ")}\n`;
}

/** The three of a stage that share their gates. */
export function withGates(heads: Stanzas, gates: string): Stanzas {
  return {
    quick: stanza(heads.quick, gates),
    standard: stanza(heads.standard, gates),
    soak: stanza(heads.soak, gates),
  };
}

/** A stage that no built-in profile runs, and why. */
export function leftOut(why: string): Stanzas {
  const skip = `skip: ${why}\n`;
  return { quick: skip, standard: skip, soak: skip };
}
