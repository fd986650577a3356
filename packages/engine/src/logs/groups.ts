/** What a line of a log says about groups of lines. */
export type GroupMark =
  /** A group starts, and the one before it ends. `open`: it is to be shown unfolded. */
  | { kind: "start"; name: string; open: boolean }
  /** The group ends. */
  | { kind: "end" }
  /** The group that the line is in is to be shown unfolded, though it started folded. */
  | { kind: "open" };

const BUILDKITE = /^(---|\+\+\+|~~~) +(\S.*)$/;
const GITHUB = /^::group::(.*)$/;

/**
 * What a line says about groups, in the forms of GitHub Actions (`::group::NAME`, `::endgroup::`) and Buildkite
 * (`--- NAME`, `~~~ NAME`, `+++ NAME` and `^^^ +++`); undefined for any other line. Logs are stored as they were
 * written: this is for who shows them.
 */
export function parseGroupMark(line: string): GroupMark | undefined {
  const text = line.trimEnd();
  if (text === "::endgroup::") return { kind: "end" };
  if (text === "^^^ +++") return { kind: "open" };
  const github = GITHUB.exec(text);
  if (github) return { kind: "start", name: github[1]?.trim() ?? "", open: false };
  const [, sign, name = ""] = BUILDKITE.exec(text) ?? [];
  return sign === undefined ? undefined : { kind: "start", name, open: sign === "+++" };
}
