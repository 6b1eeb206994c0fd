#!/usr/bin/env bash
# large.sh [PACKAGES] [FILES]: how long the embedded engine takes to see that nothing changed in a large
# monorepo: the demo with so many packages more (300), of so many source files each (166).
set -euo pipefail

root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
runs=5

# A package that nothing depends on.
make_package() {
  local folder=$1 name=$2 files=$3 i
  mkdir -p "$folder/src"
  cat >"$folder/package.json" <<EOF
{
  "name": "$name",
  "version": "0.0.0",
  "private": true,
  "main": "src/index.ts",
  "backstage": { "role": "common-library" }
}
EOF
  for ((i = 1; i < files; i++)); do
    echo "export const value$i = '$name $i';" >"$folder/src/file$i.ts"
  done
  echo "export * from './file1';" >"$folder/src/index.ts"
}

# What Yarn would write into the lockfile, where it would.
lock_package() {
  cat <<EOF
"$1@workspace:plugins/$2":
  version: 0.0.0-use.local
  resolution: "$1@workspace:plugins/$2"
  languageName: unknown
  linkType: soft

EOF
}

make_repository() {
  local target=$1 packages=$2 files=$3 number name
  cp -r "$root/tests/fixtures/demo" "$target"
  for ((number = 1; number <= packages; number++)); do
    name=generated-$(printf '%04d' "$number")
    make_package "$target/plugins/$name" "@internal/$name" "$files"
    lock_package "@internal/$name" "$name"
  done >"$target/locked"
  sed -i -e '/^"@internal\/plugin-hello-backend@/{
    e cat '"$target/locked"'
  }' "$target/yarn.lock"
  rm "$target/locked"
  git -C "$target" init --quiet
  git -C "$target" add --all
  git -C "$target" -c user.name=bench -c user.email=bench@example.com commit --quiet --message large
}

build() {
  (cd "$root" && cargo xtask build-image --engine embedded --allow localhost --no-typecheck --repo "$work/large" \
    --state-dir "$work/state" --tag bench:large)
}

main() {
  local i start
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  make_repository "$work/large" "${1:-300}" "${2:-166}"
  echo "large: $(git -C "$work/large" ls-files | wc -l) files" >&2
  build >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; return 1; }
  for ((i = 0; i < runs; i++)); do
    start=$EPOCHREALTIME
    build >/dev/null 2>&1
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "nothing changed: %.2f s\n", b - a }'
  done
}

main "$@"
