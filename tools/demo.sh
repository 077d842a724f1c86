#!/bin/bash
# Installs what is needed, builds the proxy and runs the demonstration. As root on Debian 12, from
# the distribution's packages alone. Arguments go to the demonstration: --once, --listen ADDRESS.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh build
cmake --preset release
cmake --build build/release -j "$(nproc)" --target roundabout roundabout-ctl
exec /usr/bin/python3 tools/demo/demonstration.py "$@"
