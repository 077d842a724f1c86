#!/bin/bash
# clang-format 19 over all sources; with "tidy" also clang-tidy 19 over what is compiled of src and
# tools, with "analyze" clang's static analyzer over the same, which takes three times as long.
# Changes nothing.
set -uo pipefail
cd "$(dirname "$0")/.."

# Runs clang-tidy with these checks over every source, a process a core.
tidy() {
    local units
    mapfile -t units < <(git ls-files 'src/*.cpp' 'tools/*.cpp')
    cmake --preset release >/dev/null || return 1
    printf '%s\n' "${units[@]}" |
        xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/release --quiet --checks="$1" 2>/dev/null
}

status=0
mapfile -t sources < <(git ls-files 'src/*.?pp' 'tests/*.?pp' 'tools/*.?pp')
clang-format-19 --dry-run --Werror "${sources[@]}" || status=1
case "${1:-}" in
tidy) tidy '-clang-analyzer-*' || status=1 ;;
analyze) tidy '-*,clang-analyzer-*' || status=1 ;;
esac
exit $status
