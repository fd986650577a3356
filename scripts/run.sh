#!/bin/sh
# Runs a command in the root of this checkout, with its tools and those of its dependencies first on PATH.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/tools.sh"
cd "$root"
PATH="$(dirname "$(find_node)"):$root/node_modules/.bin:$PATH"
export PATH
exec "$@"
