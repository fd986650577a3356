import { ExitCode } from "../exit-codes.ts";
import { interrupted } from "../failure.ts";
import type { Session } from "../session.ts";
import { follow } from "./follow.ts";
import { presenterFor, type Presentation } from "./present.ts";

/** What to watch, and how to show it. */
export interface WatchOptions<T> {
  /** Opens a stream of snapshots: a full one first. */
  open: (signal: AbortSignal) => AsyncIterable<T>;
  /** Whether a snapshot is the last one. */
  hasEnded: (snapshot: T) => boolean;
  /** Whether a last snapshot is a success. */
  succeeded: (snapshot: T) => boolean;
  presentation: Presentation<T>;
  /** What is watched, such as "pipeline 42", and how to go on after Ctrl-C. */
  subject: string;
  next: string;
}

/** Shows snapshots until the last one; the exit code says whether it was a success. Ctrl-C only stops watching. */
export async function watch<T>(session: Session, options: WatchOptions<T>): Promise<{ last: T; exitCode: ExitCode }> {
  const presenter = presenterFor(session, options.presentation);
  let last: T | undefined;
  const snapshots = follow({
    open: options.open,
    complete: () => last !== undefined && options.hasEnded(last),
    signal: session.io.signal,
    onConnection: ({ lost }) => presenter.connection(lost),
  });
  try {
    for await (const snapshot of snapshots) {
      last = snapshot;
      presenter.show(snapshot);
      // What waits for somebody else's doing may be streamed for days.
      if (options.hasEnded(snapshot)) break;
    }
  } catch (error) {
    presenter.close();
    if (session.io.signal.aborted) throw interrupted(`watching; ${options.subject} goes on`, options.next);
    throw error;
  }
  presenter.close();
  if (last === undefined) throw new Error(`the server said nothing about ${options.subject}`);
  return { last, exitCode: options.succeeded(last) ? ExitCode.ok : ExitCode.unsuccessful };
}
