/** What ends some time and then undoes what was done for it: a test, or a scope of a program. */
export interface Owner {
  after(work: () => Promise<void>): void;
  /** Whether it went well. Undefined: not known. */
  readonly passed?: boolean;
}

type Work = () => Promise<void> | void;

const stacks = new WeakMap<Owner, Work[]>();

/**
 * Leaves work for the end of the owner: what was left last is done first, so a process ends before the database that
 * it uses is dropped. All of it is done even when some fails; the failures fail the owner.
 */
export function atEnd(owner: Owner, work: Work): void {
  stackOf(owner).push(work);
}

// A test's own hooks run in the order in which they are registered, and the first failure hides the others.
function stackOf(owner: Owner): Work[] {
  const known = stacks.get(owner);
  if (known) return known;
  const stack: Work[] = [];
  stacks.set(owner, stack);
  owner.after(() => unwind(stack));
  return stack;
}

async function unwind(stack: Work[]): Promise<void> {
  const failures: unknown[] = [];
  for (let work = stack.pop(); work; work = stack.pop()) {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join("; "));
}
