import { type Command, CommanderError } from "commander";
import { listingOf, pathOf, type Handler, type Run } from "./commands/command.ts";
import { addCompletion } from "./completion.ts";
import { ExitCode } from "./exit-codes.ts";
import { renderFailure, toFailure } from "./failure.ts";
import { writeLines, type Io } from "./io.ts";
import { createProgram, DEFAULT_TIMEOUT_MS, walk } from "./program.ts";
import { Session, type GlobalOptions } from "./session.ts";

/** Runs one command line and returns the exit code. Errors are told on stderr; nothing is thrown. */
export async function runCrew(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  const program = createProgram(runner(io, (code) => (exitCode = code)));
  addCompletion(program, io, argv);
  prepare(program, io);
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" });
    return exitCode;
  } catch (error) {
    return tell(error, io);
  }
}

function runner(io: Io, finish: (exitCode: ExitCode) => void): Run {
  return <Options, Args extends unknown[]>(handler: Handler<Options, Args>) =>
    async function action(this: Command): Promise<void> {
      const session = openSession(io, this);
      try {
        // The declaration of a command says what its options and arguments are; commander's types cannot.
        finish((await handler(session, this.opts() as Options, ...(this.processedArgs as Args))) ?? ExitCode.ok);
      } catch (error) {
        throw session.failure(error, listingOf(this));
      } finally {
        session.close();
      }
    };
}

function openSession(io: Io, command: Command): Session {
  const globals = command.optsWithGlobals<Partial<GlobalOptions> & { output?: string }>();
  const format = globals.output === "json" ? "json" : "table";
  return new Session(io, { timeout: DEFAULT_TIMEOUT_MS, ...globals }, format);
}

function prepare(program: Command, io: Io): void {
  walk(program, (command) => {
    command
      .exitOverride()
      .helpCommand(false)
      .helpOption("-h, --help", "print this help")
      .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
      .configureOutput({
        writeOut: (text) => io.stdout.write(text),
        writeErr: (text) => io.stderr.write(text),
        getOutHelpWidth: () => Math.min(100, io.stdout.columns()),
        getErrHelpWidth: () => Math.min(100, io.stderr.columns()),
        getOutHasColors: () => io.stdout.style.colour,
        getErrHasColors: () => io.stderr.style.colour,
      })
      .showHelpAfterError(`  next: ${pathOf(command)} --help`);
  });
}

function tell(error: unknown, io: Io): ExitCode {
  // Commander has told it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const failure = toFailure(error);
  writeLines(io.stderr, renderFailure(failure, io.stderr.style));
  if (io.env["GROUNDCREW_DEBUG"]) console.error(failure.cause ?? failure);
  return failure.exitCode;
}
