/** What keeps an agent's labels from matching: a label it lacks, or one it insists on and the work does not ask for. */
export type LabelMiss =
  | { kind: "label"; key: string; wanted: string; offered: string | undefined }
  | { kind: "insists"; key: string; offered: string };

/**
 * What keeps the labels that an agent offers from matching those that work wants. Empty: they match. Every wanted label
 * needs the same value or the agent's `*`. A label `!key` of the agent means that it takes only work that asks for
 * `key`; to such work it offers it.
 */
export function labelMisses(offered: Record<string, string>, wanted: Record<string, string>): LabelMiss[] {
  return [...lacking(offered, wanted), ...insisted(offered, wanted)];
}

function lacking(offered: Record<string, string>, wanted: Record<string, string>): LabelMiss[] {
  return Object.entries(wanted).flatMap(([key, value]): LabelMiss[] => {
    const own = valueOf(offered, key) ?? valueOf(offered, `!${key}`);
    return own === value || own === "*" ? [] : [{ kind: "label", key, wanted: value, offered: own }];
  });
}

function insisted(offered: Record<string, string>, wanted: Record<string, string>): LabelMiss[] {
  return Object.entries(offered).flatMap(([key, value]): LabelMiss[] =>
    key.startsWith("!") && !Object.hasOwn(wanted, key.slice(1))
      ? [{ kind: "insists", key: key.slice(1), offered: value }]
      : [],
  );
}

// Names that every object has, such as "constructor", are no labels.
function valueOf(labels: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
