#!/bin/sh
# Makes a live image for vetting: `image/build.sh OUT` leaves OUT/vmlinuz and OUT/initrd (a cpio archive; zstd with
# COMPRESS=1), a Debian that runs from memory and starts the agent of this checkout. Needs root, mmdebstrap, cpio, zstd and kmod
# (Debian packages of these names), and what apt on this machine is set up to reach. What comes from Debian is kept in
# OUT/debian.tar, so that only the first build takes minutes.
set -eu
out=${1:?usage: image/build.sh OUT}
here=$(cd "$(dirname "$0")" && pwd)
for tool in mmdebstrap cpio zstd depmod; do
  command -v "$tool" >/dev/null || { echo "image: $tool is missing; apt-get install mmdebstrap cpio zstd kmod" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "image: device files and owners can only be made by root" >&2; exit 1; }
mkdir -p "$out"
out=$(cd "$out" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# The kernel is unpacked, not installed: its installation would make an initrd of another kind.
kernel='cd /tmp && apt-get -qq download "$(apt-cache depends linux-image-amd64 | sed -n "s/.*Depends: //p" | head -n 1)" &&
  dpkg-deb -x linux-image-*.deb kernel && mv kernel/boot/* /boot/ && mv kernel/lib/modules /usr/lib/ && rm -r linux-image-* kernel'

install_debian() {
  # Where this machine's own packages come from, unless MIRROR names another source.
  sources=${MIRROR:-/etc/apt/sources.list}
  [ -n "${MIRROR:-}" ] || [ -f "$sources" ] || sources=$(find /etc/apt/sources.list.d -name '*.sources' | head -n 1)
  packages=$(sed 's/#.*//' "$here/packages.txt" | tr -s ' \n' ',,' | sed 's/^,//; s/,$//')
  echo "image: installing $packages (minutes)"
  mmdebstrap --quiet --format=tar --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    --customize-hook="chroot \"\$1\" sh -c '$kernel'" bookworm "$out/debian.tar.new" "$sources"
  mv "$out/debian.tar.new" "$out/debian.tar"
  cp "$here/packages.txt" "$out/packages.txt"
}

cmp -s "$here/packages.txt" "$out/packages.txt" && [ -f "$out/debian.tar" ] || install_debian

echo "image: adding the agent"
cd "$root"
tar -xf "$out/debian.tar" --exclude='./dev/*'
cp boot/vmlinuz-* "$out/vmlinuz"
version=$(basename lib/modules/*)
"$here/keep-modules.sh" "lib/modules/$version"
depmod --basedir . "$version"
# fio brings Python for its plots, and perl is here for apt alone: neither runs in the image.
rm -rf boot var/cache/* var/lib/apt var/lib/dpkg usr/lib/python3* usr/share/perl* usr/lib/*/perl* usr/lib/*/gconv \
  usr/share/fio usr/share/zoneinfo etc/ssh/ssh_host_*
mkdir -p opt/groundcrew
cp -L "$(node -p process.execPath)" opt/groundcrew/node
cp "$here"/../dist/groundcrew-agent.mjs "$here"/../dist/run-stage.mjs opt/groundcrew/
cp -r "$here"/../dist/proto opt/groundcrew/
cp -r "$here"/root/. .
passwd --root "$PWD" --lock root >/dev/null
ln -sf usr/lib/groundcrew/init init

echo "image: packing"
if [ -n "${COMPRESS:-}" ]; then pack="zstd -T0 -10 -q"; else pack=cat; fi
find . -xdev -print0 | cpio --null --create --format=newc --owner=+0:+0 --quiet | $pack >"$out/initrd"
ls -lh "$out/vmlinuz" "$out/initrd"
