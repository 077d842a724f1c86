#!/bin/bash
# Installs what is needed on Debian 12, as root: for "build" what builds and runs the proxy and its
# demonstration, for "package" also what makes a package of it, for "test" also every compiler, peer
# and tool that the tests use, for "bench" also what the benchmarks use.
set -euo pipefail

build=(
    ca-certificates clang-19 cmake lld-19 llvm-19 ninja-build pkg-config
    libboost1.81-dev libboost-program-options1.81-dev libssl-dev libsqlitecpp-dev libsqlite3-dev
    libmimalloc-dev libtomlplusplus-dev libc-ares-dev libspdlog-dev libfmt-dev doctest-dev
    libsystemd-dev prometheus-cpp-dev
    openssl python3 python3-websockets
)
package=(dpkg-dev file)
test=(
    g++-12 libclang-rt-19-dev clang-format-19 clang-tidy-19 git
    sip-tester kamailio kamailio-tls-modules kamailio-websocket-modules
    kamailio-extra-modules kamailio-outbound-modules kamailio-sqlite-modules
    baresip chromium dnsmasq-base nodejs npm
    python3-pytest sqlite3 tshark procps iproute2 nginx haproxy fail2ban man-db systemd prometheus
    zsh
)

bench=(valgrind binutils sip-tester kamailio kamailio-tls-modules kamailio-websocket-modules
    kamailio-sqlite-modules libbenchmark-dev procps)

case "${1:-}" in
build) packages=("${build[@]}") ;;
package) packages=("${build[@]}" "${package[@]}") ;;
test) packages=("${build[@]}" "${package[@]}" "${test[@]}") ;;
bench) packages=("${build[@]}" "${bench[@]}") ;;
*)
    echo "usage: $0 build|package|test|bench" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
    # A newer Node.js than Debian's may be here already, without Debian's npm.
    case "$package" in nodejs | npm) command -v "${package/nodejs/node}" >/dev/null && continue ;; esac
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -q -y --no-install-recommends "${missing[@]}"
fi
