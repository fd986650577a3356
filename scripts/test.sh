#!/bin/sh
# Runs the tests of this checkout, or those in the folders or files that ONLY names. `make test` calls it for all but
# those of test/faults, which are `make scripted`, of test/projects, `make projects`, and of test/vms, `make vms`.
set -eu
only=${ONLY:-packages apps scripts test/bench test/demo test/docs test/e2e}
# shellcheck disable=SC2086 # one folder each
files=$(find $only -name node_modules -prune -o -name '*.test.ts' -print | sort)
if [ -z "$files" ]; then
  echo "test: there is no *.test.ts in $only" >&2
  exit 1
fi

# A process per test file spends half of its time on loading much the same modules. So the files of an app or a package
# share some; those of test/, which start processes of their own and wait for them, do not, and come first.
groups=.cache/tests
rm -rf "$groups"
mkdir -p "$groups"
echo "$files" | awk -v folder="$groups" -v most=24 '
  { path = $0; split(path, part, "/"); owner = part[1] "+" part[2]; n = seen[owner]++ }
  part[1] == "test" { gsub("/", "+"); group = "0+" $0 }
  part[1] != "test" { group = owner "+" int(n / most) ".test.ts" }
  { file = folder "/" group; print "import \"../../" path "\";" >>file; close(file) }'

setup=
if [ -f test/global-setup.ts ]; then setup=--test-global-setup=test/global-setup.ts; fi
# A hundred test files import much the same modules: what Node made of them is kept.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/compile}"
echo "test: running $(echo "$files" | wc -l | tr -d ' ') files"
# Whatever hangs fails after five minutes rather than never.
# Memory is cheaper than collecting the garbage of a start: a tenth of all the time.
# shellcheck disable=SC2086 # nothing, or one word
exec node --min-semi-space-size=16 --test --test-concurrency=4 --test-timeout=300000 \
  --test-reporter="${REPORTER:-spec}" $setup "$groups"/*.test.ts
