#!/usr/bin/env bash
# daemon-stops.sh REPO: kills the Docker daemon of docker20.sh in the middle of a build. The build has to
# end at once, say what happened, and leave nothing behind.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --quiet
target/debug/backstage-xtask build-image --repo "$1" --state-dir "$work/state" --artifacts "$work/artifacts" \
  --no-cache --message-format json >"$work/messages" 2>"$work/errors" &
build=$!
for _ in $(seq 100); do
  ! grep -q step-output "$work/messages" || break
  sleep 0.1
done
pkill --signal KILL --full 'dockerd .*backstage-xtask-docker20'
code=0
wait "$build" || code=$?
cat "$work/errors"
[[ $code -eq 3 ]]
grep -q 'hint: the Docker daemon went away during the build' "$work/errors"
[[ -z $(find "$work" -name '.incoming-*' -o -name 'scratch-*') ]]
