#!/usr/bin/env bash
# Fuzzes the readers of untrusted bytes, one target after the other: run.sh [SECONDS] [TARGET…]. Fails when
# an input breaks something, and says how to see it again. FUZZ_PROFILE=dev compiles in half the time, for a
# run of seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-20}
targets=("${@:2}")
[[ ${#targets[@]} -gt 0 ]] || targets=(archive pair manifest layer)
work=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
host=$(rustc --print host-tuple)
profile=${FUZZ_PROFILE:-release}
programs=$work/$host/${profile/dev/debug}

# What cargo-fuzz passes, but for the sanitizer, which only a nightly toolchain has: all of the code that
# is fuzzed is safe Rust.
coverage=(
  --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
)

build() {
  RUSTFLAGS="${coverage[*]}" cargo build --profile "$profile" --locked --manifest-path tests/fuzz/Cargo.toml \
    --target "$host" --target-dir "$work"
}

# A file system that is read-only but for a new /tmp in memory and the fuzzer's own folder: a layer that
# gets out of its folder is noticed, and harms nothing. No file grows above 1 MiB.
contained() {
  # shellcheck disable=SC2016 # for the inner shell
  bwrap --die-with-parent --unshare-all --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp \
    --bind "$work" "$work" --ro-bind "$PWD/tests/fuzz" "$PWD/tests/fuzz" --chdir "$PWD" \
    bash -c 'trap "" XFSZ; ulimit -f 1024; exec "$@"' - "$@"
}

# A line for every input that reached something new is too much to read.
without_progress() {
  grep -vE '\b(NEW|NEW_FUNC|REDUCE|RELOAD)\b'
}

fuzz() {
  local target=$1 program=$programs/$1 found=$work/found/$1
  mkdir -p "$work/corpus/$target" "$found"
  contained "$program" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=512 \
    -handle_xfsz=0 -dict=tests/fuzz/words.dict -artifact_prefix="$found/" -print_final_stats=1 \
    "$work/corpus/$target" "tests/fuzz/corpus/$target" 2>&1 | without_progress || {
    printf '\n%s: an input breaks it; see it again with\n  %s %s/<the file named above>\n' \
      "$target" "$program" "$found" >&2
    return 1
  }
}

build
for target in "${targets[@]}"; do
  printf '\n== %s\n' "$target"
  fuzz "$target"
done
