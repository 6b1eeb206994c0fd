#!/usr/bin/env bash
# docker20.sh COMMAND…: runs COMMAND with the client and the daemon of Docker 20.10, the oldest
# that a build must work with and what Debian 12 has. Nothing is installed and the machine's own
# engine is left alone: the daemon lives in network, mount and process namespaces of its own, so
# that its mounts and processes end with it, however it ends.
set -euo pipefail

packages=(docker.io containerd runc tini libdevmapper1.02.1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/backstage-xtask-tests
unpacked=$cache/docker20
base=/var/tmp/backstage-xtask-docker20-
wait_seconds=30

# Everything that one run makes is named after its process id, here $1.
work_of() { echo "$base$1"; }
network_of() { echo "10.209.$(($1 / 64 % 256)).$(($1 % 64 * 4))"; }
address_of() { local network; network=$(network_of "$1"); echo "${network%.*}.$((${network##*.} + $2))"; }

fetch() {
  [[ ! -d $unpacked ]] || return 0
  local folder package
  mkdir -p "$cache"
  folder=$(mktemp -d "$unpacked.XXXXXX")
  (cd "$folder" && apt-get download --quiet -o APT::Sandbox::User=root "${packages[@]/%//bookworm}")
  for package in "$folder"/*.deb; do
    dpkg-deb --extract "$package" "$folder"
  done
  rm "$folder"/*.deb
  # The folder that goes first on COMMAND's PATH has the client alone.
  mkdir "$folder/client"
  ln -s ../usr/bin/docker "$folder/client/docker"
  mv --no-target-directory "$folder" "$unpacked" 2>/dev/null || rm -r "$folder"
}

# The first process of the namespaces. The sockets of containerd and its shims have fixed places
# in /run/containerd, where those of another containerd may be.
daemon() {
  local work=$1
  mount -t tmpfs none /run/containerd
  local libraries
  libraries=$(echo "$unpacked"/lib/*-linux-gnu)
  export LD_LIBRARY_PATH=$libraries PATH=$unpacked/usr/bin:$unpacked/usr/sbin:$PATH
  exec tini-static -- dockerd --data-root "$work/data" --exec-root "$work/exec" \
    --pidfile "$work/pid" --config-file "$work/none.json" --host "unix://$work/docker.sock" \
    --cgroup-parent "/${work##*/}" --mtu 1400
}

fail_with_log() {
  echo "dockerd 20.10 does not answer; the end of its log:" >&2
  tail -n 30 "$1/log" >&2
  exit 1
}

start_daemon() {
  local work=$1
  mkdir -p "$work/config" /run/containerd
  echo '{}' >"$work/none.json"
  export -f daemon
  export unpacked
  # shellcheck disable=SC2016 # for the inner shell
  # A killed script takes the daemon with it: setpriv signals unshare, which signals the daemon.
  setsid setpriv --pdeathsig KILL \
    unshare --net --mount --pid --fork --mount-proc --kill-child=TERM \
    bash -euc 'daemon "$0"' "$work" </dev/null >"$work/log" 2>&1 &
  unshare_pid=$!
  until [[ -n ${daemon_pid:-} ]]; do
    sleep 0.05
    # One line without an end, for which read returns 1; no file when unshare has failed.
    { read -r daemon_pid _ <"/proc/$unshare_pid/task/$unshare_pid/children" || true; } 2>/dev/null
    kill -0 "$unshare_pid" 2>/dev/null || fail_with_log "$work"
  done
}

# $1 is -I or -D. The machine's own engine may have set the policy of FORWARD to DROP.
rules() {
  local network
  network=$(network_of "$2")/30
  iptables -t nat "$1" POSTROUTING -s "$network" -j MASQUERADE
  iptables "$1" FORWARD -s "$network" -j ACCEPT
  iptables "$1" FORWARD -d "$network" -j ACCEPT
}

inside() { nsenter --target "$daemon_pid" --net "$@"; }

connect() {
  local host_side=d20-$1
  ip link add "$host_side" type veth peer name eth0 netns "$daemon_pid"
  ip address add "$(address_of "$1" 1)/30" dev "$host_side"
  ip link set "$host_side" mtu 1400 up
  inside ip link set lo up
  inside ip address add "$(address_of "$1" 2)/30" dev eth0
  inside ip link set eth0 mtu 1400 up
  inside ip route add default via "$(address_of "$1" 1)"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  rules -I "$1"
}

wait_for_answer() {
  local deadline=$((SECONDS + wait_seconds))
  until timeout 10 docker version >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail_with_log "$1"
    kill -0 "$unshare_pid" 2>/dev/null || fail_with_log "$1"
    sleep 0.2
  done
}

stop_daemon() {
  local deadline=$((SECONDS + wait_seconds))
  while kill -TERM "$daemon_pid" 2>/dev/null && ((SECONDS < deadline)); do
    sleep 0.2
  done
  kill -KILL "$daemon_pid" 2>/dev/null || true
  wait "$unshare_pid" || true
}

# Removes what outlives the namespaces of the run $1.
forget() {
  while rules -D "$1" 2>/dev/null; do :; done
  rm -rf "$(work_of "$1")"
  find /sys/fs/cgroup -depth -type d -path "*/${base##*/}$1*" -exec rmdir {} + 2>/dev/null || true
}

forget_killed_runs() {
  local work
  for work in "$base"*; do
    [[ ! -e $work || -d /proc/${work#"$base"} ]] || forget "${work#"$base"}"
  done
}

finish() {
  trap '' INT TERM
  [[ -z ${daemon_pid:-} ]] || stop_daemon
  forget $$
}

main() {
  [[ $# -gt 0 ]] || { echo "usage: docker20.sh COMMAND…" >&2; return 2; }
  local work
  work=$(work_of $$)
  forget_killed_runs
  fetch
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  start_daemon "$work"
  connect $$
  unset DOCKER_CONTEXT DOCKER_TLS_VERIFY BUILDX_BUILDER
  export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/config
  export PATH=$unpacked/client:$PATH
  wait_for_answer "$work"
  "$@"
}

main "$@"
