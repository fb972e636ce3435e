#!/bin/bash
# Boots the machine's own systemd as process 1 of fresh namespaces, over a throw-away overlay of /. Nothing of the host
# is changed: all that is written lies on a tmpfs that goes with it, and none of the host's units is started.
#   CGROUP   an empty cgroup of version 2, which becomes its root
#   SCRATCH  an empty directory
#   REPO     is seen as /opt/rustbalance, read-only
set -euo pipefail
echo $$ >"$CGROUP/cgroup.procs"
# setpriv: it ends with the test, however that ends.
exec setpriv --pdeathsig KILL unshare --mount --uts --ipc --net --cgroup --pid --fork --kill-child \
  --propagation private bash -euc '
  mount -t tmpfs -o size=1g,mode=755 tmpfs "$SCRATCH"
  mkdir "$SCRATCH/upper" "$SCRATCH/work" "$SCRATCH/root"
  R=$SCRATCH/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" "$R"
  mkdir -p "$R/opt/rustbalance"
  mount --bind "$REPO" "$R/opt/rustbalance"
  mount -o remount,bind,ro "$R/opt/rustbalance"
  mount -t proc -o nosuid,nodev,noexec proc "$R/proc"
  # What is global to the kernel stays out of its reach.
  for p in sys sysrq-trigger bus irq; do
    [ -e "$R/proc/$p" ] && { mount --bind "$R/proc/$p" "$R/proc/$p"; mount -o remount,bind,ro "$R/proc/$p"; }
  done
  mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$R/sys"
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$R/sys/fs/cgroup"
  mount -t tmpfs -o mode=755,nosuid tmpfs "$R/dev"
  for d in null zero full random urandom tty; do touch "$R/dev/$d"; mount --bind "/dev/$d" "$R/dev/$d"; done
  mkdir "$R/dev/net" "$R/dev/pts" "$R/dev/shm"
  # With the mode that udev gives it.
  if [ -e /dev/net/tun ]; then mknod -m 666 "$R/dev/net/tun" c 10 200; fi
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$R/dev/pts"
  ln -s pts/ptmx "$R/dev/ptmx"; ln -s /proc/self/fd "$R/dev/fd"
  ln -s fd/0 "$R/dev/stdin"; ln -s fd/1 "$R/dev/stdout"; ln -s fd/2 "$R/dev/stderr"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$R/dev/shm"
  mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$R/run"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$R/tmp"
  mkdir -p "$R/run/systemd/system"
  printf "[Unit]\nRequires=basic.target\nAfter=basic.target\n" >"$R/run/systemd/system/rustbalance-test.target"
  rm -rf "$R/var/log/journal" "$R/etc/systemd/system/rustbalance"* "$R/var/lib/rustbalance" "$R/etc/rustbalance"
  # An id of a machine that another one had would join their journals.
  printf "%s\n" "$MACHINE_ID" >"$R/etc/machine-id"
  hostname rustbalance-test
  ip link set lo up
  cd "$R"; mkdir -p .old; pivot_root . .old; cd /
  umount -l /.old; rmdir /.old
  mount --make-rshared /
  exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-syslog,-audit_control,-audit_read,-mac_admin,-mac_override \
    env -i container=rustbalance-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    /lib/systemd/systemd --system --unit=rustbalance-test.target --log-target=journal --show-status=no
'
