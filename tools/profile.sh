#!/bin/bash
# Writes tools/profile.txt anew: how often the daemon takes each of its branches in the work that
# tests/bench/run calls training. The release build is optimized by it. To be repeated when the
# benchmarks say so: a function that has changed since is built as if there were no profile.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh test
cmake --preset release -B build/profile -DROUNDABOUT_LTO=OFF -DROUNDABOUT_PROFILE=make
cmake --build build/profile -j "$(nproc)" --target roundabout roundabout-load

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/counts"
cat >"$work/roundabout" <<END
#!/bin/sh
LLVM_PROFILE_FILE="$work/counts/%m" exec "$PWD/build/profile/bin/roundabout" "\$@"
END
chmod +x "$work/roundabout"
# The load generator is made of the same objects; what it does is not the daemon's work.
LLVM_PROFILE_FILE=/dev/null tests/bench/run --bin build/profile/bin --daemon "$work/roundabout" \
    --only training
llvm-profdata-19 merge --sparse --text --output=tools/profile.txt "$work/counts"
