#!/bin/sh
# The first process of the machine that vm-run.sh boots, run by busybox from the initramfs: loads the modules, puts
# the host's files under a layer of memory, runs the command there, and switches the machine off.

fail() {
  echo "guest-init.sh: cannot $*" >/dev/console
  poweroff -f
}

# A controller gets the poll queues that the module's parameter says when it is bound. One after another: else they are
# probed in parallel, and their names are a matter of chance.
bind_nvme() {
  n=0
  for device in /sys/bus/pci/devices/*; do
    [ "$(cat "$device/class")" = 0x010802 ] || continue
    queues=/sys/module/nvme/parameters/poll_queues
    if [ "$n" = 1 ]; then echo 0 >"$queues"; else cat /share/poll_queues >"$queues"; fi
    echo "${device##*/}" >/sys/bus/pci/drivers/nvme/bind
    wait_for "/dev/nvme${n}n1"
    wait_for "/dev/ng${n}n1"
    n=$((n + 1))
  done
}

# Waits for a device, at most 5 s.
wait_for() {
  tries=0
  while [ ! -e "$1" ]; do
    [ "$tries" -lt 250 ] || fail "find $1"
    tries=$((tries + 1))
    usleep 20000
  done
}

load_modules() {
  while read -r module; do
    parameters=
    case $module in
      nvme.ko) echo 0 >/sys/bus/pci/drivers_autoprobe ;; # bind_nvme does that
      # irqmode=0: completes at once, without an interrupt; what is in the poll queue waits to be polled all the same.
      null_blk.ko) parameters='gb=1 irqmode=0 submit_queues=2 poll_queues=1' ;;
    esac
    # shellcheck disable=SC2086 # several parameters
    insmod "/$module" $parameters || fail "load $module"
  done </modules
}

mount_host() {
  options=trans=virtio,version=9p2000.L,msize=512000
  mount -t 9p -o "$options" share /share || fail 'mount the share'
  # Nobody else changes these files while the machine runs, so that they can be cached.
  mount -t 9p -o "$options,ro,cache=loose" host /host || fail "mount the host's root"
  directory=$(cat /share/directory)
  mount -t tmpfs memory /memory
  mkdir /memory/changes /memory/work
  mount -t overlay -o lowerdir=/host,upperdir=/memory/changes,workdir=/memory/work overlay /root || fail 'mount the overlay'
  mount -t 9p -o "$options,cache=loose" directory "/root$directory" || fail "mount $directory"
}

mount_system() {
  for name in proc sys dev; do mount --bind "/$name" "/root/$name"; done
  mkdir -p /root/dev/shm
  mount -t tmpfs shm /root/dev/shm
  mount -t tmpfs run /root/run
  mkdir /root/run/vm
  mount --bind /share /root/run/vm
  mount -t debugfs debug /root/sys/kernel/debug
  ln -s /proc/self/fd /root/dev/fd
  for name in stdin:0 stdout:1 stderr:2; do ln -s "fd/${name#*:}" "/root/dev/${name%:*}"; done
}

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
load_modules
mount_host
bind_nvme
mount_system
chroot /root /bin/bash /run/vm/command </dev/null >/share/stdout 2>/share/stderr
status=$?
sync
echo "$status" >/share/status
poweroff -f
