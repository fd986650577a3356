/** What `crew` exits with. A closed list that scripts may match on; `crew help exit-codes` prints it. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  credential: 3,
  notFound: 4,
  unreachable: 5,
  unsuccessful: 8,
  interrupted: 130,
} as const;

/** One of the documented exit codes. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The meaning of each exit code, in order, for the help topic and the reference page. */
export const exitCodeMeanings: readonly { code: ExitCode; meaning: string }[] = [
  { code: ExitCode.ok, meaning: "It worked." },
  { code: ExitCode.failure, meaning: "The server refused, or something broke." },
  { code: ExitCode.usage, meaning: "The command line, a file or a value is not valid." },
  { code: ExitCode.credential, meaning: "Not logged in, the credential was refused, or its role may not do this." },
  { code: ExitCode.notFound, meaning: "What the command names does not exist." },
  { code: ExitCode.unreachable, meaning: "The server could not be reached, or did not answer in time." },
  {
    code: ExitCode.unsuccessful,
    meaning: "The watched pipeline or vetting run ended without success, or what was judged did not pass.",
  },
  { code: ExitCode.interrupted, meaning: "Interrupted (Ctrl-C). What runs on the server goes on." },
];
