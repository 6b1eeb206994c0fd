#!/usr/bin/env bash
# without-buildx.sh COMMAND…: runs COMMAND where the buildx plugin is not to be found, so that a client
# of Docker 20.10 has to build by itself.
set -euo pipefail
# shellcheck disable=SC2016 # for the inner shell
exec unshare --mount bash -euc '
  for folder in /usr/{local/,}lib{,exec}/docker/cli-plugins; do
    [[ ! -d $folder ]] || mount -t tmpfs tmpfs "$folder"
  done
  exec "$@"' without-buildx "$@"
