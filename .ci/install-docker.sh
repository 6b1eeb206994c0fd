#!/usr/bin/env bash
# Installs what the tests need on a Debian 12 machine: Docker 26 with buildx, PostgreSQL and a few
# small tools. Quick when all of it is there already. Starts no service: start-docker.sh does.
set -euo pipefail

# Debian 12 has Docker 20.10 and no buildx. These come from the next release and run with the
# C library of Debian 12, so nothing else has to be taken from there.
docker_packages=(docker.io docker-cli docker-buildx containerd)
commands=(initdb pg_ctl mmdebstrap xz iptables ip git curl node npm shellcheck g++ skopeo bwrap docker-registry chromium-headless-shell)
declare -A package_of=(
  [initdb]=postgresql [pg_ctl]=postgresql [xz]=xz-utils [ip]=iproute2 [node]=nodejs [bwrap]=bubblewrap
)

installed_version() {
  dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$1" 2>/dev/null |
    sed -n 's/^installed //p'
}

docker_is_current() {
  local package
  for package in "${docker_packages[@]}"; do
    [[ -n $(installed_version "$package") ]] || return 1
  done
  dpkg --compare-versions "$(installed_version docker.io)" ge 26
}

has_command() {
  command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}

missing_packages() {
  local command
  for command in "${commands[@]}"; do
    has_command "$command" || echo "${package_of[$command]:-$command}"
  done | sort --unique
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
}

# The mirrors that this machine takes the release $1 from.
mirrors_of() {
  # shellcheck disable=SC2016 # apt's own placeholders
  apt-get indextargets --format '$(RELEASE) $(SITE)' | sed -n "s/^$1 //p" | sort --unique
}

# Priority 100: a package comes from trixie only when it is asked for from there.
add_trixie() {
  local mirror
  [[ -z $(mirrors_of trixie) ]] || return 0
  mirror=$(mirrors_of bookworm | sed -n 1p)
  [[ -n $mirror ]] || { echo "no apt source for Debian 12 (bookworm) found" >&2; return 1; }
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' \
    "$mirror" >/etc/apt/sources.list.d/backstage-xtask-trixie.list
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' \
    >/etc/apt/preferences.d/backstage-xtask-trixie
  apt-get update --quiet
}

# Packages would start their servers on installation, in whatever way the machine has.
without_starting_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  [[ ! -e $policy ]] || policy=
  [[ -z $policy ]] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; }
  "$@" || status=$?
  [[ -z $policy ]] || rm -f "$policy"
  return "$status"
}

install_all() {
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

main() {
  local packages
  mapfile -t packages < <(missing_packages)
  docker_is_current || packages+=("${docker_packages[@]/%//trixie}")
  [[ ${#packages[@]} -gt 0 ]] || return 0
  apt-get update --quiet
  docker_is_current || add_trixie
  without_starting_services install_all "${packages[@]}"
}

main
