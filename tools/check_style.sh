#!/bin/bash
# clang-format 19 over all sources, and clang-tidy 19 over what it compiles. Changes nothing.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0
mapfile -t sources < <(git ls-files 'src/*.?pp' 'tests/*.?pp' 'tools/*.?pp')
clang-format-19 --dry-run --Werror "${sources[@]}" || status=1
if [ "${1:-}" = tidy ]; then
    cmake --preset debug >/dev/null || exit 1
    mapfile -t units < <(git ls-files 'src/*.cpp' 'tools/*.cpp')
    printf '%s\n' "${units[@]}" |
        xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/debug --quiet 2>/dev/null || status=1
fi
exit $status
