/** What one pipeline file may ask for. A file beyond a limit gets a problem that names it. */
export const limits = {
  /** Size of all files of a pipeline in UTF-8. */
  fileBytes: 1024 * 1024,
  /** Files of one pipeline. */
  files: 64,
  /** Lexical tokens of YAML: parsing takes up to 1 KB for each, and 1000 workflows of 5 short steps have 100,000. */
  tokens: 300_000,
  /** YAML values after aliases are expanded: room for 1000 workflows of 20 steps, far from what exhausts memory. */
  values: 200_000,
  /** Nesting of YAML values; the format itself needs 6 levels. */
  depth: 32,
  /** Workflows after matrices are expanded. */
  workflows: 1000,
  /** Cells of one matrix, also before `exclude` takes some away. */
  cells: 256,
  /** Steps of one workflow, those of parallel groups counted. */
  steps: 256,
  /** Items of a list of patterns, names or secrets. */
  items: 64,
  /** Patterns of paths in all `when` of a pipeline: each is held against every changed file. */
  pathPatterns: 256,
  /** Changed files that are looked at; where more changed, no path rules anything out. */
  changedPaths: 1000,
  /** Characters of one expression. */
  expressionCharacters: 1024,
  /** How often one expression may go over a list, as by `all` or `map`: what it may cost is a power of it. */
  expressionLoops: 2,
  /** Variables of one `env` mapping. */
  variables: 256,
  labels: 64,
  /** One `run` text or value of a variable: half of what Linux takes as one argument (MAX_ARG_STRLEN, 128 KiB). */
  textBytes: 64 * 1024,
  /** Texts of one workflow, which travels as one message: a quarter of gRPC's default limit of 4 MiB. */
  workflowBytes: 1024 * 1024,
  /** Texts of all workflows of a plan, which is stored as a whole. */
  planBytes: 16 * 1024 * 1024,
  /** Longest timeout: 24 h. */
  timeoutMs: 24 * 60 * 60 * 1000,
  /** Longest wait for an agent: 14 days, well within the 24 that fit into 32 bits of milliseconds. */
  queueTimeoutMs: 14 * 24 * 60 * 60 * 1000,
  /** How many of a concurrency group may run at once. */
  groupLimit: 1000,
  /** Problems reported for one file; one more line says how many are not shown. */
  problems: 100,
  /** Cycles of `depends_on` reported for one file: mending one usually mends others. */
  cycles: 10,
} as const;
