# Sourced by the other scripts, with `root` set: which tools there must be, and where to find them.
NODE_VERSION=26.10.0
PNPM_VERSION=12.21.0

# Prints the path of `node` or `pnpm` ($1): of the folder that set-up filled here, of one that GROUNDCREW_TOOLS_DIR
# names, or of this machine if it is new enough (major version $2). Fails if there is none.
find_tool() {
  for folder in "$root/.tools" "${GROUNDCREW_TOOLS_DIR:-$root/.tools}"; do
    if [ -x "$folder/node_modules/.bin/$1" ]; then
      echo "$folder/node_modules/.bin/$1"
      return
    fi
  done
  own=$(command -v "$1") && [ "$(major_version "$own")" -ge "$2" ] && echo "$own"
}

find_node() { find_tool node "${NODE_VERSION%%.*}"; }
find_pnpm() { find_tool pnpm "${PNPM_VERSION%%.*}"; }

# Prints 26 for a program whose --version says v26.10.0, and 0 for one that does not work.
major_version() {
  version=$("$1" --version 2>/dev/null) || version=0
  version=${version#v}
  echo "${version%%.*}"
}
