# Sourced by the programs in bin/, with `app` and `root` set: runs that app from any directory, as this same process.
. "$root/scripts/tools.sh"
found=$root/node_modules/.groundcrew-node # where the set-up found it
if [ -z "${GROUNDCREW_TOOLS_DIR:-}" ] && [ -f "$found" ] && [ -x "$(cat "$found")" ]; then
  node=$(cat "$found")
else
  node=$(find_node) || node=
fi
if [ -z "$node" ] || [ ! -d "$root/node_modules" ]; then
  echo "$(basename "$0"): this checkout is not set up yet; run \`make setup\` in $root" >&2
  exit 1
fi
# Node keeps what it made of the TypeScript, which halves the start and saves the agent some 10 MB.
cache=$root/node_modules/.cache/compile
if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then # somebody else's checkout
  cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/groundcrew/compile
fi
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$cache}"
# shellcheck disable=SC2086 # flags are words
exec "$node" ${node_flags:-} "$root/apps/$app/src/main.ts" "$@"
