#!/usr/bin/env bash
# Starts dockerd when no Docker engine answers, and waits until one does.
set -euo pipefail

wait_seconds=30

answers() {
  timeout 10 docker version >/dev/null 2>&1
}

# A daemon that was killed leaves its process id behind, which may be another program's by now.
forget_killed() {
  local name=$1 file=$2
  [[ -e $file ]] || return 0
  [[ $(cat "/proc/$(cat "$file")/comm" 2>/dev/null) == "$name" ]] || rm -f "$file"
}

start() {
  forget_killed dockerd /var/run/docker.pid
  forget_killed containerd /var/run/docker/containerd/containerd.pid
  # A process group of its own and no inherited handles: dockerd outlives this script and its caller.
  setsid dockerd </dev/null >"$1" 2>&1 &
}

wait_for_answer() {
  local deadline=$((SECONDS + wait_seconds))
  until answers; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

main() {
  local log
  answers && return
  command -v dockerd >/dev/null || { echo "dockerd is not installed" >&2; return 1; }
  log=$(mktemp -d)/dockerd.log
  start "$log"
  wait_for_answer && return
  echo "dockerd does not answer after $wait_seconds s; the end of $log:" >&2
  tail -n 30 "$log" >&2
  return 1
}

main
