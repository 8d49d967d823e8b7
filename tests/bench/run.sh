#!/usr/bin/env bash
# Measures vestibule, and others before the same backend, in one run.
#
#     tests/bench/run.sh                          everything (about thirteen minutes)
#     tests/bench/run.sh --load | --memory | --bulk | --instructions | --scale    parts
#     tests/bench/run.sh --rounds 7 --seconds 4                  more of them
#     tests/bench/run.sh --json FILE.json [--plot FILE.svg]      where the figures go, too, and a picture
#     tests/bench/run.sh --capacity [STEP...]                what deploy/capacity.md rests on
#     tests/bench/run.sh --micro [ARGUMENTS]                 the micro-benchmarks; arguments of Google Benchmark
#
# Installs what it needs, builds the release where VESTIBULE_BIN does not name a program. README.md tells
# what is measured and how.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' tests/bench/run.sh
    exit 0
fi
deploy/install-deps.sh build bench
if [[ ${1:-} == --micro ]]; then
    shift
    cmake --preset release -B build/bench -DVESTIBULE_BENCH=ON -DVESTIBULE_TESTS=OFF -Wno-dev >/dev/null
    cmake --build build/bench --target vestibule_micro
    exec build/bench/tests/bench/vestibule_micro "$@"
fi
node=tests/bench/node
stamp=$node/node_modules/.installed
lock=$(sha256sum <"$node/package-lock.json")
if [[ ! -f $stamp || $(<"$stamp") != "$lock" ]]; then
    npm ci --prefix "$node" --no-audit --no-fund
    printf '%s\n' "$lock" >"$stamp"
fi
if [[ -z ${VESTIBULE_BIN:-} ]]; then
    cmake --preset release -Wno-dev >/dev/null
    cmake --build build/release --target vestibule
    export VESTIBULE_BIN=build/release/vestibule
fi
# wrk, the backend and a proxy with 2,000 clients each want files.
ulimit -n "$(ulimit -Hn)"
# The harness of the system tests is used, too.
PYTHONPATH=$PWD/tests/system exec /usr/bin/python3 -B tests/bench/bench.py "$@"
