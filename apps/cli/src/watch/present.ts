import { SPINNER_MS } from "../render/looks.ts";
import type { View } from "../render/view.ts";
import type { Session } from "../session.ts";
import { paint } from "../terminal/style.ts";
import { Screen } from "../terminal/screen.ts";
import { truncate } from "../terminal/width.ts";

/** How snapshots of one thing are shown. */
export interface Presentation<T> {
  /** Draws a snapshot on a terminal. */
  render: (snapshot: T, view: View) => string[];
  /** Tells what is new since the snapshot before, one line each. */
  changes: (before: T | undefined, after: T) => string[];
  /** Prints a snapshot as one line of JSON. */
  json: (snapshot: T) => void;
}

/** Shows snapshots as they come. */
export interface Presenter<T> {
  show(snapshot: T): void;
  /** The connection was lost, or is back. */
  connection(lost: boolean): void;
  /** Shows the last snapshot whole and stops drawing. Idempotent. */
  close(): void;
}

/** Redraws in place on a terminal, prints lines in a pipe, or JSON where that was asked for. */
export function presenterFor<T>(session: Session, presentation: Presentation<T>): Presenter<T> {
  if (session.format === "json") return jsonPresenter(session, presentation);
  const { stdout, env } = session.io;
  return stdout.isTty && env["TERM"] !== "dumb"
    ? livePresenter(session, presentation)
    : linePresenter(session, presentation);
}

const LOST = "connection lost; trying again";

function noteConnection(session: Session, lost: boolean): void {
  session.note(lost ? `crew: ${LOST}` : "crew: connected again");
}

function jsonPresenter<T>(session: Session, presentation: Presentation<T>): Presenter<T> {
  return { show: presentation.json, connection: (lost) => noteConnection(session, lost), close: () => undefined };
}

function linePresenter<T>(session: Session, presentation: Presentation<T>): Presenter<T> {
  let before: T | undefined;
  return {
    show(snapshot) {
      const at = new Date(session.io.now()).toISOString().replace(/\.\d+Z$/, "Z");
      session.print(presentation.changes(before, snapshot).map((line) => `${at} ${line}`));
      before = snapshot;
    },
    connection: (lost) => noteConnection(session, lost),
    close: () => undefined,
  };
}

function livePresenter<T>(session: Session, presentation: Presentation<T>): Presenter<T> {
  const { stdout, now } = session.io;
  const screen = new Screen(stdout);
  let last: T | undefined;
  let lost = false;
  const view = (): View => ({ nowMs: now(), width: stdout.columns() - 1, style: stdout.style });
  const draw = (): void => {
    if (last === undefined) return;
    const height = stdout.rows() - (lost ? 2 : 1);
    const lines = presentation.render(last, { ...view(), height, live: true });
    screen.draw(lost ? [...lines, paint(stdout.style, "yellow", truncate(` ${LOST}`, view().width))] : lines);
  };
  const timer = setInterval(draw, SPINNER_MS);
  return {
    show(snapshot) {
      last = snapshot;
      draw();
    },
    connection(isLost) {
      lost = isLost;
      draw();
    },
    close() {
      clearInterval(timer);
      screen.close(last === undefined ? undefined : presentation.render(last, view()));
      last = undefined;
    },
  };
}
