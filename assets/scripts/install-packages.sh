#!/bin/sh
# install-packages PACKAGE…: installs packages of Debian or Ubuntu, as root. No service is started, now or
# at the next boot, and no database cluster is made.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
kept=

# What the machine had is back when we end, however that is.
restore() {
  [ -z "$policy" ] || rm -f "$policy"
  [ -z "$kept" ] || mv "$kept" "$clusters"
  policy='' kept=''
}

install() {
  apt-get install --yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=120 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# The server's own package makes a cluster, unless it is told not to.
install_postgresql() {
  server=$(apt-cache depends postgresql | sed -n 's/^ *Depends: \(postgresql-[0-9]*\)$/\1/p' | head -n 1)
  install postgresql-common
  kept=$(mktemp "$clusters.XXXXXX")
  cp -p "$clusters" "$kept"
  echo 'create_main_cluster = false' >>"$clusters"
  install "${server:-postgresql}"
}

trap restore EXIT
trap 'exit 130' INT TERM HUP
if [ -e "$policy" ]; then
  policy=
else
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
# A source of somebody else's may be out of order; what is needed may be there all the same.
apt-get update --quiet || echo 'some package lists could not be fetched'
for package in "$@"; do
  shift
  [ "$package" = postgresql ] || set -- "$@" "$package"
  [ "$package" != postgresql ] || with_postgresql=yes
done
[ $# -eq 0 ] || install "$@"
[ -z "${with_postgresql:-}" ] || install_postgresql
