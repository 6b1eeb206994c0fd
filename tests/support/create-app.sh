#!/usr/bin/env bash
# create-app.sh DIR: makes a real Backstage app in DIR, with the lockfile of tests/locks and one commit.
# create-app, Node and Yarn come from the npm registry, at locked versions; npm must be there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=locks.sh
source "$(dirname "${BASH_SOURCE[0]}")/locks.sh"

commit() {
  git -C "$1" init --quiet --initial-branch main
  git -C "$1" add --all
  git -C "$1" -c user.name=test -c user.email=test@example.com -c commit.gpgsign=false \
    commit --quiet --message "New app"
}

main() {
  [[ $# -eq 1 ]] || { echo "usage: create-app.sh DIR" >&2; return 2; }
  local dir
  dir=$(realpath --canonicalize-missing "$1")
  [[ ! -e $dir ]] || { echo "$dir exists" >&2; return 1; }
  mkdir -p "$(dirname "$dir")"
  use_locked_tools
  create_app "$dir"
  cp "$locks/create-app/yarn.lock" "$dir/yarn.lock"
  commit "$dir"
}

main "$@"
