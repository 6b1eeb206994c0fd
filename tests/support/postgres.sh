#!/usr/bin/env bash
# postgres.sh start DIR PORT | stop DIR: a throwaway PostgreSQL with its data in DIR, user and
# password "postgres". It listens on every address, so that containers can reach it, and speaks TLS as one in a
# cloud does, with a certificate that nobody signed.
set -euo pipefail

usage() {
  echo "usage: postgres.sh start DIR PORT | stop DIR" >&2
  exit 2
}

# PostgreSQL refuses to run as root.
unprivileged() {
  if [[ $EUID -eq 0 ]]; then
    (cd / && setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent "$@")
  else
    "$@"
  fi
}

start() {
  local dir=$1 port=$2
  mkdir -p "$dir"
  echo postgres >"$dir/password"
  [[ $EUID -ne 0 ]] || chown -R nobody:nogroup "$dir"
  unprivileged initdb --pgdata "$dir/data" --username postgres --pwfile "$dir/password" \
    --auth scram-sha-256 --encoding UTF8 --no-locale --no-sync >"$dir/initdb.log"
  printf 'host all all all scram-sha-256\n' >>"$dir/data/pg_hba.conf"
  unprivileged openssl req -new -x509 -nodes -days 2 -subj /CN=localhost \
    -keyout "$dir/data/server.key" -out "$dir/data/server.crt" 2>"$dir/openssl.log"
  printf 'hostnossl all all all reject\n' >"$dir/hba"
  cat "$dir/data/pg_hba.conf" >>"$dir/hba" && cat "$dir/hba" >"$dir/data/pg_hba.conf"
  # The data is thrown away, so nothing has to reach the disk.
  unprivileged pg_ctl start --silent --wait --timeout 30 --pgdata "$dir/data" --log "$dir/log" \
    --options "-p $port -c listen_addresses='*' -c unix_socket_directories=$dir -c fsync=off -c ssl=on" \
    </dev/null || { tail -n 20 "$dir/log" >&2; return 1; }
}

stop() {
  unprivileged pg_ctl stop --silent --wait --timeout 30 --mode immediate --pgdata "$1/data"
}

main() {
  local folder
  for folder in /usr/lib/postgresql/*/bin; do
    PATH=$PATH:$folder
  done
  case $#${1:-} in
    3start) start "$(realpath --canonicalize-missing "$2")" "$3" ;;
    2stop) stop "$(realpath "$2")" ;;
    *) usage ;;
  esac
}

main "$@"
