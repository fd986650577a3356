/** What one source says about one setting. */
export interface Given {
  readonly source: "flag" | "environment" | "file";
  /** The source in words, for an error: `server.yaml line 3`. */
  readonly where: string;
  /** One text for each time that it was given. */
  readonly texts: readonly string[];
}

/** What one source says about all settings (by `keyOf`), and what is wrong with it. */
export interface Reading {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
}

/** The words of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
