#!/usr/bin/env bash
# Keeps what fuzzing found to be worth keeping: keep.sh [TARGET…] puts the fewest inputs of up to 4 KiB that
# reach the same code into the corpus of the repository, in place of those there. Run run.sh before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=(archive pair manifest layer)
work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
host=$(rustc --print host-tuple)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

keep() {
  local target=$1 corpus=tests/fuzz/corpus/$1
  mkdir -p "$scratch/$target/small" "$scratch/$target/kept"
  # One after the other: cp refuses two files of one name, and equal inputs have equal names.
  for folder in "$corpus" "$work/corpus/$target"; do
    find "$folder" -type f -size -4097c -exec cp -t "$scratch/$target/small" {} +
  done
  # By the code that is reached, not by how often.
  "$work/$host/release/$target" -set_cover_merge=1 -use_counters=0 -rss_limit_mb=512 \
    "$scratch/$target/kept" "$scratch/$target/small" 2>/dev/null
  rm -rf "$corpus"
  cp -r "$scratch/$target/kept" "$corpus"
  printf '%s: %s inputs, %s bytes\n' "$target" "$(find "$corpus" -type f | wc -l)" \
    "$(cat "$corpus"/* | wc -c)"
}

for target in "${targets[@]}"; do
  keep "$target"
done
