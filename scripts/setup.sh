#!/bin/sh
# Makes this checkout ready to run, once: Node and pnpm in .tools unless this machine has them, then the dependencies.
# Does nothing, at once, when nothing has changed since. Installs nothing outside this folder but caches.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/tools.sh"
cd "$root"

say() { printf 'setup: %s\n' "$*"; }
refuse() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# The platform as the npm packages of Node and pnpm call it.
platform() {
  case $(uname -m) in
  x86_64) echo linux-x64 ;;
  aarch64) echo linux-arm64 ;;
  esac
}

refuse_unsupported() {
  case $(uname -s) in
  Linux) ;;
  Darwin) refuse "Linux is what Groundcrew is tested and supported on; macOS is not supported yet" ;;
  *) refuse "Linux is what Groundcrew is tested and supported on; this is $(uname -s)" ;;
  esac
  [ -n "$(platform)" ] || refuse "this is Linux on $(uname -m); Groundcrew runs on x86-64 and arm64"
  case $(getconf GNU_LIBC_VERSION 2>/dev/null || true) in
  glibc*) ;;
  *) refuse "this Linux has no glibc, which Node and Postgres need here; use a distribution such as Debian" ;;
  esac
  command -v git >/dev/null || refuse "git is missing; install it (Debian package git)"
}

refuse_without_npm() {
  command -v node >/dev/null || refuse "Node is missing; install version 20 or newer, with npm (https://nodejs.org)"
  [ "$(major_version node)" -ge 20 ] || refuse "Node here is $(node --version); version 20 or newer is needed"
  command -v npm >/dev/null || refuse "npm is missing; install it (it comes with Node from https://nodejs.org)"
}

# The packages that hold nothing but the binary: no install script has to run.
install_tools() {
  refuse_without_npm
  say "getting Node $NODE_VERSION and pnpm $PNPM_VERSION from the npm registry into .tools (110 MB, once)"
  node_package=node-$(platform)
  pnpm_package=@pnpm/exe.$(platform)
  rm -rf .tools
  mkdir .tools
  npm install --prefix .tools --ignore-scripts --no-save --no-audit --no-fund --no-update-notifier --loglevel=error \
    "$node_package@$NODE_VERSION" "$pnpm_package@$PNPM_VERSION" >/dev/null ||
    refuse "npm could not get them (see above); check the network and npm's settings, then run this again"
  ln -sf "../$node_package/bin/node" .tools/node_modules/.bin/node
  ln -sf "../$pnpm_package/pnpm" .tools/node_modules/.bin/pnpm
  tools_are_right || refuse "Node $NODE_VERSION or pnpm $PNPM_VERSION does not run here: try .tools/node_modules/.bin/node"
}

tools_are_right() {
  [ "$(.tools/node_modules/.bin/node --version 2>/dev/null)" = "v$NODE_VERSION" ] &&
    [ "$(.tools/node_modules/.bin/pnpm --version 2>/dev/null)" = "$PNPM_VERSION" ]
}

# Changes with whatever decides what is installed.
fingerprint() {
  cat scripts/tools.sh scripts/setup.sh package.json pnpm-*.yaml packages/*/package.json apps/*/package.json \
    test/package.json | cksum
  find_node
}

install_dependencies() {
  say "installing the dependencies (the first time on this machine: 150 MB from the npm registry)"
  PATH="$(dirname "$(find_node)"):$PATH"
  said=$(CI=true "$(find_pnpm)" install --frozen-lockfile --prefer-offline --reporter=append-only \
    --config.confirm-modules-purge=false 2>&1) ||
    refuse "pnpm could not install them. It said:
$(echo "$said" | tail -n 20)"
}

stamp=node_modules/.groundcrew-setup
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint)" ]; then exit 0; fi
refuse_unsupported
if [ -d .tools ] && ! tools_are_right; then rm -rf .tools; fi # of an earlier version, or interrupted
if ! find_node >/dev/null || ! find_pnpm >/dev/null; then install_tools; fi
install_dependencies
find_node >node_modules/.groundcrew-node
fingerprint >"$stamp"
# The first start of an agent would otherwise compile it, and idle with what that took. A clone that borrows its tools
# runs no agent.
[ -n "${GROUNDCREW_TOOLS_DIR:-}" ] || bin/groundcrew-agent --version >/dev/null
say "done"
