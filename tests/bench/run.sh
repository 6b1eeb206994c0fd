#!/usr/bin/env bash
# run.sh [APP_DIR]: builds the image of a Backstage app by the reference Dockerfile and by both engines
# of this project, and prints a Markdown table of all three. Without APP_DIR it makes a new app.
#
# It empties Docker's build cache, and takes about 25 minutes. BENCH_ONLY="docker embedded" builds
# these sides alone.
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

ours() {
  (cd "$root" && XDG_CACHE_HOME=$work/cache cargo xtask build-image --allow localhost --repo "$work/portal" "$@")
}

build_docker() { ours --engine docker --tag bench:docker; }

build_embedded() { ours --engine embedded --tag bench:embedded "${embedded_flags[@]}"; }

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

layout() { echo "$work"/cache/backstage-xtask/portal-*/image; }

# The image's layers.
layers() {
  if [[ $1 == embedded ]]; then
    skopeo inspect --format '{{range .Layers}}{{println .}}{{end}}' "oci:$(layout):bench:embedded" | sort
  else
    "$docker" image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "bench:$1" | sort
  fi
}

# The blobs of the embedded engine's image with their sizes in bytes.
blobs() { (cd "$(layout)/blobs/sha256" && stat --format '%n %s' -- * | sort); }

# The backend edit, and how many layers of the image it changes.
measure_backend_edit() {
  local side=$1 before after
  before=$(layers "$side")
  measure "$side" backend edit packages/backend/src/index.ts
  after=$(layers "$side")
  result[$side,layers]=$(comm -13 <(echo "$before") <(echo "$after") | wc -l)
}

megabytes() { awk '{ sum += $1 } END { printf "%.1f", sum / 1e6 }'; }

measure_size() {
  if [[ $1 == embedded ]]; then
    result[$1,size]=$(sed -n 's/.*"size": \([0-9]*\).*/\1/p' "$work"/cache/backstage-xtask/portal-*/last-build.json |
      megabytes)
    result[$1,packed]=$(blobs | cut -d ' ' -f 2 | megabytes)
  else
    result[$1,size]=$("$docker" image inspect --format '{{.Size}}' "bench:$1" | megabytes)
  fi
}

# What only the embedded engine can do.
measure_embedded() {
  local before
  before=$(blobs)
  embedded_flags=(--no-typecheck)
  measure embedded unchecked edit packages/backend/src/index.ts
  result[embedded,changed]=$(comm -13 <(echo "$before") <(blobs) | cut -d ' ' -f 2 |
    awk '{ sum += $1 } END { printf "%.0f", sum / 1e3 }')
  embedded_flags=(--no-typecheck --load)
  measure embedded loaded edit packages/backend/src/index.ts
}

measure_side() {
  embedded_flags=()
  forget "$1"
  runs=1 measure "$1" cold
  measure_backend_edit "$1"
  measure "$1" app edit packages/app/src/App.tsx
  measure "$1" unchanged
  measure_size "$1"
  [[ $1 != embedded ]] || measure_embedded
}

ratio() {
  local reference=${result[reference,$2]:-} ours=${result[$1,$2]:-}
  [[ -z $reference || -z $ours ]] ||
    awk -v a="$reference" -v b="$ours" 'BEGIN { if (a > 0) printf " (%.3f)", b / a }'
}

row() {
  echo "| $1 | ${result[reference,$2]:-–} | ${result[docker,$2]:-–}$(ratio docker "$2") |" \
    "${result[embedded,$2]:-–}$(ratio embedded "$2") |"
}

print_table() {
  echo "| | reference | Docker | embedded |"
  echo "|---|---|---|---|"
  row "nothing cached, s" cold
  row "one-line backend edit, s" backend
  row "the same, types not checked, s" unchecked
  row "the same, and loaded into Docker, s" loaded
  row "one-line app edit, s" app
  row "nothing changed, s" unchanged
  row "image, uncompressed, MB" size
  row "image, as pulled, MB" packed
  row "kB changed by a backend edit" changed
  row "layers changed by a backend edit" layers
}

main() {
  local side
  docker=$(find_docker)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  clone_app "${1:-}"
  (cd "$root" && cargo build --quiet)
  for side in ${BENCH_ONLY:-reference docker embedded}; do
    measure_side "$side"
  done
  print_table
}

main "$@"
