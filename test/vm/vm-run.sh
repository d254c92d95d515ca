#!/usr/bin/env bash
# vm-run.sh COMMAND [ARG...]   runs a command as root in a throw-away virtual machine with NVMe devices
# vm-run.sh --prepare          only makes the kernel and the initramfs, once; the other form does so as well
#
# It prints what the command prints (standard error after standard output, both when it has ended) and exits with its
# status; 124: it took longer than VM_TIMEOUT, 125: there is no machine, and the last line on standard error says why.
#
# The machine is qemu's emulation of an x86-64 CPU, which needs no rights and no KVM: seconds to boot, slow, and what it
# measures means nothing. It sees the host's files at their paths: the current directory as it is, all others so that
# changes go to memory and are gone afterwards. Its devices:
#
#   nvme0n1 ng0n1   1 GiB that keeps what is written; VM_POLL_QUEUES poll queues
#   nvme1n1 ng1n1   1 GiB, no poll queues; writes are dropped, reads give zeros, as with the two below
#   nvme2n1 ng2n1   64 MiB, poll queues; the sector at 1 MiB cannot be read or written
#   nvme3n1 ng3n1   1 GiB, poll queues; VM_IOPS operations per second; what it is late by, up to a second's, it makes up for
#   nullb0          null_blk, 1 GiB, a poll queue
#
# Environment: VM_KERNEL (6.12, or another version that apt has), VM_TIMEOUT (120, seconds), VM_POLL_QUEUES (2), VM_IOPS
# (2000), VM_APPEND (more kernel parameters), XDG_CACHE_HOME (~/.cache: 250 MB a kernel go to uring-bench-vm in it).
# Needs the packages qemu-system-x86, cpio, kmod and xz-utils; apt-get fetches the kernel (no installation).
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin # modprobe, depmod
cpus=2
gib=$((1 << 30))
kernel=${VM_KERNEL:-6.12}
poll_queues=${VM_POLL_QUEUES:-2}
iops=${VM_IOPS:-2000}
here=$(dirname "$(readlink -f "$0")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/uring-bench-vm
files=$cache/linux-$kernel
# Made by these scripts as they are now: another checkout may have others.
initramfs=$cache/initramfs-$kernel-$(cat "$here/vm-run.sh" "$here/guest-init.sh" | sha1sum | head -c 12)

give_up() {
  printf 'vm-run.sh: %s\n' "$1" >&2
  exit 125
}

# In qemu's options a comma in a value is written twice.
value() { printf '%s' "${1//,/,,}"; }

check_host() {
  [ "$(uname -m)" = x86_64 ] || give_up "needs an x86-64 machine, this is $(uname -m)"
  local program
  for program in qemu-system-x86_64 apt-get cpio modprobe xz; do
    command -v "$program" >/dev/null ||
      give_up "needs $program: apt-get install qemu-system-x86 cpio kmod xz-utils"
  done
}

# The newest kernel of that version that apt knows, unpacked below $1; and a busybox that needs no libraries.
fetch() {
  local package
  package=$(apt-cache pkgnames "linux-image-$kernel." | grep -E '^linux-image-[0-9.]+(-[0-9]+)?(\+deb[0-9]+)?-amd64$' | sort -V | tail -n 1)
  [ -n "$package" ] && rm -rf "$1" && mkdir -p "$1/packages" &&
    (cd "$1/packages" && apt-get -qq -o APT::Sandbox::User=root download "$package" busybox-static) &&
    find "$1/packages" -name '*.deb' -exec dpkg-deb -x '{}' "$1" ';' &&
    rm -r "$1/packages" && depmod -b "$1" "${package#linux-image-}"
}

# The initramfs $2 from what is unpacked in $1: busybox, guest-init.sh, and the modules that it loads, in their order.
make_initramfs() {
  local tree=$1/initramfs version file
  version=$(ls "$1/lib/modules")
  rm -rf "$tree" && mkdir -p "$tree"/{bin,proc,sys,dev,host,share,memory,root} &&
    cp "$1/bin/busybox" "$tree/bin/" && ln -s busybox "$tree/bin/sh" &&
    cp "$here/guest-init.sh" "$tree/init" || return
  for file in virtio_pci 9pnet_virtio 9p overlay nvme null_blk dm_mod; do
    modprobe -C /dev/null -d "$1" -S "$version" --show-depends "$file" || return
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    case $file in
      *.xz) xz -dc "$file" ;;
      *) cat "$file" ;;
    esac >"$tree/$(basename "$file" .xz)" || return
    basename "$file" .xz
  done >"$tree/modules" || return
  (cd "$tree" && find . | cpio --quiet -o -H newc) >"$2"
}

# Fills the cache with what is missing there; several callers wait for each other.
prepare() {
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  if [ ! -d "$files" ]; then
    fetch "$files.new" >&2 || give_up "apt-get cannot fetch linux-image-$kernel and busybox-static: apt-get update?"
    mv "$files.new" "$files"
  fi
  if [ ! -e "$initramfs" ]; then
    find "$cache" -maxdepth 1 -name 'initramfs-*' -mtime +7 -delete
    make_initramfs "$files" "$cache/initramfs.new" || give_up 'cannot make the initramfs'
    mv "$cache/initramfs.new" "$initramfs"
  fi
  exec 9>&-
}

# What guest-init.sh finds in its share: settings, and the command with the caller's environment.
write_share() {
  printf '%s' "$PWD" >"$share/directory"
  printf '%s' "$poll_queues" >"$share/poll_queues"
  {
    export -p
    printf 'cd %q\n' "$PWD"
    printf 'exec'
    printf ' %q' "$@"
    printf '\n'
  } >"$share/command"
}

boot() {
  local zeros=driver=null-co,read-zeroes=on drives=() devices=() n
  drives+=(-blockdev "driver=file,node-name=drive0,filename=$(value "$work/disk"),cache.no-flush=on")
  drives+=(-blockdev "$zeros,node-name=drive1,size=$gib")
  # Whatever touches the sector fails: 5 is EIO, which NVMe's emulation turns into a medium error.
  drives+=(-blockdev "driver=blkdebug,node-name=drive2,inject-error.0.event=none,inject-error.0.sector=2048,\
inject-error.0.errno=5,image.driver=null-co,image.read-zeroes=on,image.size=$((gib / 16))")
  drives+=(-object "throttle-group,id=limit,x-iops-total=$iops,x-iops-total-max=$iops" -blockdev "driver=throttle,\
node-name=drive3,throttle-group=limit,file.driver=null-co,file.read-zeroes=on,file.size=$gib")
  # guest-init.sh relies on the order. A queue pair for each CPU, each poll queue, and administration.
  for n in 0 1 2 3; do
    devices+=(-device "nvme,serial=vm$n,drive=drive$n,max_ioqpairs=$((cpus + poll_queues + 1))")
  done
  # la57=off: with five levels of page tables each emulated walk would be longer.
  timeout -k 5 "${VM_TIMEOUT:-120}" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
    -machine q35 -accel tcg,thread=multi -cpu max,la57=off -smp "$cpus" -m 2G \
    -kernel "$(echo "$files"/boot/vmlinuz-*)" -initrd "$initramfs" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr nowatchdog audit=0 init_on_alloc=0 \
no_timer_check tsc=reliable random.trust_cpu=on ${VM_APPEND:-}" \
    -serial "file:$work/console" \
    -virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap" \
    -virtfs "local,path=$(value "$PWD"),mount_tag=directory,security_model=none,multidevs=remap" \
    -virtfs "local,path=$(value "$share"),mount_tag=share,security_model=none" \
    "${drives[@]}" "${devices[@]}" </dev/null >"$work/qemu" 2>&1 &
  qemu=$!
  wait "$qemu"
}

[ $# -gt 0 ] || give_up "usage: vm-run.sh COMMAND [ARG...] (the head of $0 says more)"
[ "$PWD" != / ] || give_up 'not from /, because the current directory can be written to'
check_host
prepare
[ "$1" != --prepare ] || exit 0

qemu=
work=$(mktemp -d "${TMPDIR:-/tmp}/uring-bench-vm.XXXXXX")
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
share=$work/share
mkdir "$share"
truncate -s "$gib" "$work/disk"
write_share "$@"
result=0
boot || result=$?
qemu=
cat "$share/stdout" 2>/dev/null || true
cat "$share/stderr" >&2 2>/dev/null || true
[ ! -s "$share/status" ] || exit "$(cat "$share/status")"
tail -q -n 30 "$work/console" "$work/qemu" >&2 2>/dev/null || true
if [ "$result" = 124 ]; then
  printf 'vm-run.sh: not done after %s s (VM_TIMEOUT)\n' "${VM_TIMEOUT:-120}" >&2
  exit 124
fi
give_up "the machine ended without a result (qemu: $result)"
