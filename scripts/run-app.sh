# Sourced by the programs in bin/, with `app` and `root` set: runs that app from any directory, as this same process.
. "$root/scripts/tools.sh"
if ! node=$(find_node) || [ ! -d "$root/node_modules" ]; then
  echo "$(basename "$0"): this checkout is not set up yet; run \`make setup\` in $root" >&2
  exit 1
fi
exec "$node" "$root/apps/$app/src/main.ts" "$@"
