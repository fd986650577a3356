#!/bin/sh
# Leaves only the kernel modules that a machine under test may need: `keep-modules.sh lib/modules/VERSION`.
set -eu
cd "$1/kernel"
mkdir -p ../kept
for kept in arch/x86 block crypto drivers/acpi drivers/ata drivers/block drivers/char drivers/cpufreq drivers/dca drivers/edac \
  drivers/firmware drivers/hwmon drivers/i2c drivers/md drivers/message drivers/mfd drivers/net/ethernet drivers/net/phy \
  drivers/net/virtio_net.ko drivers/net/net_failover.ko drivers/net/mdio drivers/net/pcs drivers/nvme drivers/pci \
  drivers/platform drivers/powercap drivers/ras drivers/scsi drivers/thermal drivers/usb/core drivers/usb/host \
  drivers/usb/storage drivers/virtio fs/configfs fs/efivarfs fs/ext4 fs/fat fs/jbd2 fs/mbcache.ko fs/nls fs/pstore lib \
  net/core net/sched; do
  [ -e "$kept" ] || continue
  mkdir -p "../kept/$(dirname "$kept")"
  mv "$kept" "../kept/$kept"
done
cd ..
rm -rf kernel
mv kept kernel
