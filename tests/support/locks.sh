# What scripts share: the tools that tests/locks holds. Sourced, not run.
# shellcheck shell=bash

locks=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../locks")
renew_hint="hint: if a version is gone from the registry, run tests/support/renew-locks.sh and commit the lockfiles"

# The exact version of the package $1.
locked_version() {
  sed -n "s|.*\"$1\": \"\(.*\)\".*|\1|p" "$locks/tools/package.json"
}

# Puts Node, Yarn and create-app of the lockfile first on the PATH. npm compares them with their integrity.
use_locked_tools() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/backstage-xtask-tests key tools
  key=$(sha256sum "$locks/tools/package-lock.json")
  tools=$cache/tools-${key:0:16}
  if [[ ! -d $tools ]]; then
    mkdir -p "$cache"
    rm -rf "$tools.incoming"
    cp -r "$locks/tools" "$tools.incoming"
    npm ci --prefix "$tools.incoming" --no-audit --no-fund --loglevel error >&2 || {
      echo "$renew_hint" >&2
      return 1
    }
    mv --no-target-directory "$tools.incoming" "$tools"
  fi
  PATH=$(echo "$tools"/node_modules/node-linux-*/bin):$tools/node_modules/.bin:$PATH
}

# The app of create-app in the folder $1, which must not exist, without a lockfile.
create_app() {
  BACKSTAGE_APP_NAME=$(basename "$1") backstage-create-app --path "$1" --skip-install </dev/null >&2
  rm -rf "$1/.git"
}
