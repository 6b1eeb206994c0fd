#!/usr/bin/env bash
# run.sh [APP_DIR]: builds the image of a Backstage app by the reference Dockerfile and by this
# project, and prints a Markdown table of both. Without APP_DIR it makes a new app.
#
# It empties Docker's build cache, and takes about 20 minutes. BENCH_ONLY=reference or
# BENCH_ONLY=ours builds one side alone.
set -euo pipefail

here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")
runs=3
long_run=60

declare -A result

say() { echo "bench: $*" >&2; }

# The first client on PATH that can drive BuildKit: 20.10 by itself, a later one by its plugin.
find_docker() {
  local docker
  while read -r docker; do
    if "$docker" buildx version >/dev/null 2>&1 || "$docker" --version | grep -q ' 20\.10'; then
      echo "$docker"
      return
    fi
  done < <(type -ap docker)
  say "no Docker client with BuildKit found"
  return 1
}

clone_app() {
  local app=${1:-}
  if [[ -z $app ]]; then
    app=$work/created/portal
    "$root/tests/support/create-app.sh" "$app"
  fi
  git clone --quiet "$app" "$work/portal"
}

build_reference() {
  local secret=()
  [[ -z ${NODE_EXTRA_CA_CERTS:-} ]] || secret=(--secret "id=ca,src=$NODE_EXTRA_CA_CERTS")
  DOCKER_BUILDKIT=1 "$docker" build --progress plain "${secret[@]}" --tag bench:reference \
    --file "$here/reference.Dockerfile" "$work/portal"
}

build_ours() {
  (cd "$root" && XDG_CACHE_HOME=$work/cache \
    cargo xtask build-image --repo "$work/portal" --tag bench:ours)
}

# Tags go first: the build cache keeps what an image still has.
forget() {
  "$docker" image rm --force "bench:$1" >/dev/null 2>&1 || true
  "$docker" builder prune --all --force >/dev/null
  rm -rf "$work/cache"
}

# Adds one statement to the file, another at every call, which changes what is built.
edit() {
  local file=$work/portal/$1
  edits=$((${edits:-0} + 1))
  sed -i '/benchEdit/d' "$file"
  echo "(globalThis as any).benchEdit = $edits;" >>"$file"
}

timed_build() {
  local start=$EPOCHREALTIME
  if ! "build_$1" </dev/null >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    say "the build of $1 failed"
    return 1
  fi
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
}

# measure SIDE NAME [COMMAND…]: the median of some builds, with COMMAND before each. One build is
# enough where it takes long.
measure() {
  local side=$1 name=$2 times=() i
  shift 2
  for ((i = 0; i < runs; i++)); do
    "$@"
    timed_build "$side"
    times+=("$seconds")
    say "$side, $name: $seconds s"
    ((${seconds%.*} < long_run)) || break
  done
  result[$side,$name]=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((${#times[@]} + 1) / 2))p")
}

layers() {
  "$docker" image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "bench:$1" | sort
}

# The backend edit, and how many layers of the image it changes.
measure_backend_edit() {
  local side=$1 before after
  before=$(layers "$side")
  measure "$side" backend edit packages/backend/src/index.ts
  after=$(layers "$side")
  result[$side,layers]=$(comm -13 <(echo "$before") <(echo "$after") | wc -l)
}

measure_size() {
  result[$1,size]=$("$docker" image inspect --format '{{.Size}}' "bench:$1" |
    awk '{ printf "%.0f", $1 / 1e6 }')
}

measure_side() {
  forget "$1"
  runs=1 measure "$1" cold
  measure_backend_edit "$1"
  measure "$1" app edit packages/app/src/App.tsx
  measure "$1" unchanged
  measure_size "$1"
}

row() {
  local reference=${result[reference,$2]:-} ours=${result[ours,$2]:-} ratio=–
  [[ -z $reference || -z $ours ]] ||
    ratio=$(awk -v a="$reference" -v b="$ours" 'BEGIN { if (a > 0) printf "%.3f", b / a; else printf "–" }')
  echo "| $1 | ${reference:-–} | ${ours:-–} | $ratio |"
}

print_table() {
  echo "| | reference | ours | ours / reference |"
  echo "|---|---|---|---|"
  row "nothing cached, s" cold
  row "one-line backend edit, s" backend
  row "one-line app edit, s" app
  row "nothing changed, s" unchanged
  row "image, uncompressed, MB" size
  row "layers changed by a backend edit" layers
}

main() {
  local side
  docker=$(find_docker)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  clone_app "${1:-}"
  [[ ${BENCH_ONLY:-} == reference ]] || (cd "$root" && cargo build --quiet)
  for side in reference ours; do
    [[ ${BENCH_ONLY:-$side} != "$side" ]] || measure_side "$side"
  done
  print_table
}

main "$@"
