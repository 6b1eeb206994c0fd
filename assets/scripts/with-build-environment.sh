#!/bin/sh
# Runs a command with the build secrets in its environment, so that none of them reaches a layer.
set -eu
for file in /run/secrets/*; do
  [ -f "$file" ] || continue
  name="${file##*/}"
  case "$name" in
    ca) export NODE_EXTRA_CA_CERTS="$file" SSL_CERT_FILE="$file" GIT_SSL_CAINFO="$file" CURL_CA_BUNDLE="$file" PIP_CERT="$file" ;;
    *) export "$name=$(cat "$file")" ;;
  esac
done
if [ -n "${HTTP_PROXY:-}" ]; then export http_proxy="$HTTP_PROXY" YARN_HTTP_PROXY="$HTTP_PROXY"; fi
if [ -n "${HTTPS_PROXY:-}" ]; then export https_proxy="$HTTPS_PROXY" YARN_HTTPS_PROXY="$HTTPS_PROXY"; fi
if [ -n "${NO_PROXY:-}" ]; then export no_proxy="$NO_PROXY"; fi
if [ -f /usr/local/include/node/node.h ]; then export npm_config_nodedir=/usr/local; fi
exec "$@"
