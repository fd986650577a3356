#!/bin/sh
# Runs the tests of this checkout, or those in the folder or file that ONLY names. `make test` calls it.
set -eu
only=${ONLY:-packages apps scripts test}
# shellcheck disable=SC2086 # one folder each
files=$(find $only -name node_modules -prune -o -name '*.test.ts' -print | sort)
if [ -z "$files" ]; then
  echo "test: there is no *.test.ts in $only" >&2
  exit 1
fi
setup=
if [ -f test/global-setup.ts ]; then setup=--test-global-setup=test/global-setup.ts; fi
# A hundred test files import much the same modules: what Node made of them is kept.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/compile}"
echo "test: running $(echo "$files" | wc -l | tr -d ' ') files"
# Whatever hangs fails after five minutes rather than never.
# shellcheck disable=SC2086 # no path in here has a space
exec node --test --test-concurrency=2 --test-timeout=300000 --test-reporter=spec $setup $files
