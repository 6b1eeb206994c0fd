#!/usr/bin/env bash
# renew-locks.sh [DATE]: renews the lockfiles that the tests install by: those of tests/locks, and the demo's. It keeps
# every locked version that the registry still has, and takes the place of each other one by what had been published
# on DATE, two weeks ago by default. For another release of create-app, Node or Yarn, edit tests/locks/tools/package.json
# first; to resolve a lockfile from nothing, empty it first, and give the day of the Backstage release.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=locks.sh
source "$(dirname "${BASH_SOURCE[0]}")/locks.sh"

rounds=5

# Days since the day $1.
days_since() {
  echo $((($(date +%s) - $(date --date "$1" +%s)) / 86400))
}

renew_tools() {
  rm -f "$locks/tools/package-lock.json"
  npm install --prefix "$locks/tools" --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund >&2
}

# Removes the entries of the package $2 from the lockfile $1.
forget() {
  PACKAGE=$2 perl -00 -i -ne 'print unless /^"?\Q$ENV{PACKAGE}\E@npm:/' "$1"
}

# Completes the lockfile of the repository in the folder $1, and fetches all that it names. Only what Backstage's
# packages were published with is of one release, so they wait as long as all others.
complete() {
  local log=$work/log round package
  printf 'nodeLinker: pnp\nenableScripts: false\nenableTelemetry: false\nnpmMinimalAgeGate: %sd\n' "$2" >"$1/.yarnrc.yml"
  rm -f "$1/yarn.config.cjs"
  for ((round = 0; round < rounds; round++)); do
    (cd "$1" && YARN_GLOBAL_FOLDER=$work/yarn YARN_IGNORE_PATH=1 yarn install) >"$log" 2>&1 && return
    mapfile -t gone < <(sed -nE 's/.*YN0035: │ (@?[^@]+)@npm:.*/\1/p' "$log" | sort --unique)
    [[ ${#gone[@]} -gt 0 ]] || break
    echo "gone from the registry, resolved again: ${gone[*]}" >&2
    for package in "${gone[@]}"; do
      forget "$1/yarn.lock" "$package"
    done
  done
  cat "$log" >&2
  return 1
}

main() {
  [[ $# -le 1 ]] || { echo "usage: renew-locks.sh [DATE]" >&2; return 2; }
  local days demo=$locks/../fixtures/demo
  days=$(days_since "${1:-14 days ago}")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  renew_tools
  use_locked_tools
  create_app "$work/app"
  cp "$locks/create-app/yarn.lock" "$work/app/yarn.lock"
  cp -r "$demo" "$work/demo"
  complete "$work/app" "$days"
  complete "$work/demo" "$days"
  cp "$work/app/yarn.lock" "$locks/create-app/yarn.lock"
  cp "$work/demo/yarn.lock" "$demo/yarn.lock"
  echo "renewed; now run cargo xtask test, which also checks that each lockfile is of one Backstage release" >&2
}

main "$@"
