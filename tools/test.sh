#!/bin/bash
# Installs, builds and passes every test, in stages; the last line counts them all:
#   N passed, N failed, N skipped
# As root on Debian 12. Stages may be named: tools/test.sh release gcc. One runs only where it is
# named: fuzz_long, each fuzzer for an hour.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0 failed=0 skipped=0 broken=0
jobs=$(nproc)
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

# Runs a stage's commands, prints how long they took and whether they went through.
stage() {
    local name=$1 start=$SECONDS status=0
    shift
    echo "=== $name" | tee -a "$failures"
    "$@" || status=$?
    ((status == 0)) || broken=1
    echo "=== $name: $((SECONDS - start)) s$( ((status == 0)) || echo ', FAILED')"
}

# Configures and builds a preset; further arguments go to the build.
build() {
    local preset=$1
    shift
    cmake --preset "$preset" && cmake --build "build/$preset" -j "$jobs" "$@"
}

# Runs ctest in a preset's folder, with further arguments, and adds up its counts. Many tests meet
# sockets, disks, real peers and a machine's other work in real time: if only a few failed, they are
# run once more, one by one, and the summary names those that needed it, with how they had failed.
run_tests() {
    local preset=$1 report=build/$1/tests.xml again=() status pattern counts
    shift
    rm -f "$report"
    # Most of them wait for timers and peers most of the time: twice as many as there are cores.
    ctest --test-dir "build/$preset" --no-tests=error --output-on-failure -j "$((2 * jobs))" \
        --output-junit tests.xml "$@"
    status=$?
    pattern=$(/usr/bin/python3 tools/count_tests.py --repeatable "$report") || return 1
    if [ -n "$pattern" ]; then
        again=("build/$preset/again.xml")
        ctest --test-dir "build/$preset" --output-on-failure --output-junit again.xml -R "$pattern"
        status=$?
    fi
    counts=$(/usr/bin/python3 tools/count_tests.py "$report" "$failures" "${again[@]}") || return 1
    read -r p f s <<<"$counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    return $status
}

install_stage() {
    tools/install_packages.sh test &&
        npm ci --prefix tests/blackbox/browser --no-audit --no-fund --loglevel=error
}
release_stage() { build release && run_tests release; }
# Without what a sanitizer learns nothing from, of tests with one and with four workers the latter, and
# without the soak, which mostly waits, and measures memory that a sanitizer keeps.
asan_stage() { build asan && run_tests asan -LE 'peers|fuzz' -E '_1_workers|blackbox_soak'; }
tsan_stage() {
    build tsan --target roundabout roundabout-ctl transport_tests registration_tests store_tests &&
        run_tests tsan -L workers
}
fuzz_stage() { build asan --target fuzzers && run_tests asan -L fuzz -j "$jobs"; }
fuzz_long_stage() { build fuzz-long --target fuzzers && run_tests fuzz-long -L fuzz -j "$jobs"; }
gcc_stage() { build gcc && run_tests gcc -L 'unit|workers'; }
style_stage() { tools/check_style.sh; }

stages=("$@")
((${#stages[@]})) || stages=(install style release asan tsan fuzz gcc)
for name in "${stages[@]}"; do
    stage "$name" "${name}_stage"
done

cat "$failures" # again, at the end, where a reader of a long log looks
((broken == 0 || failed > 0)) || failed=1 # a stage that could not even run its tests
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
