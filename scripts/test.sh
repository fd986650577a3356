#!/bin/sh
# Runs the tests of this checkout, or those in the folders or files that ONLY names. `make test` calls it for all but
# those of test/faults, which are `make scripted`, and of test/projects, which are `make projects`.
set -eu
only=${ONLY:-packages apps scripts test/bench test/demo test/docs test/e2e}
# shellcheck disable=SC2086 # one folder each
files=$(find $only -name node_modules -prune -o -name '*.test.ts' -print | sort)
if [ -z "$files" ]; then
  echo "test: there is no *.test.ts in $only" >&2
  exit 1
fi

# A process per test file spends half of its time on loading much the same modules. So the files of a folder share one;
# those of test/, which start processes of their own and wait for them, do not.
groups=$PWD/.cache/tests
rm -rf "$groups"
mkdir -p "$groups"
run=
for file in $files; do
  case $file in
  test/*) run="$run $file" ;;
  *)
    group=$groups/$(dirname "$file" | tr / +).test.ts
    [ -f "$group" ] || run="$run $group"
    echo "import \"$PWD/$file\";" >>"$group"
    ;;
  esac
done

setup=
if [ -f test/global-setup.ts ]; then setup=--test-global-setup=test/global-setup.ts; fi
# A hundred test files import much the same modules: what Node made of them is kept.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/compile}"
echo "test: running $(echo "$files" | wc -l | tr -d ' ') files"
# Whatever hangs fails after five minutes rather than never.
# shellcheck disable=SC2086 # no path in here has a space
exec node --test --test-concurrency=3 --test-timeout=300000 --test-reporter="${REPORTER:-spec}" $setup $run
