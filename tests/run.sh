#!/usr/bin/env bash
# Builds vestibule and runs every test of it.
#
#     tests/run.sh                 everything: release, then ASan+UBSan, then TSan of the concurrent parts
#     tests/run.sh --quick         the release build alone, without the tests labelled "long"
#     tests/run.sh --release | --asan | --tsan      one of the builds
#     tests/run.sh --only REGEX    the tests of the release build whose names match; with --asan or
#                                  --tsan those of that build
#
# Installs what it needs (deploy/install-deps.sh, and Node packages by lock file); a second run is quick.
# Every test, of every build, is one line of the CTest summary that ends the output.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }
say() { printf '\n== %s\n' "$*"; }

builds=()
select=()
while (($#)); do
    case $1 in
    --release | --asan | --tsan) builds+=("${1#--}") ;;
    --quick) builds+=(release) select+=(-LE long) ;;
    --only) select+=(-R "${2:?--only needs a regular expression}") && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
if ((${#builds[@]} == 0)); then
    if ((${#select[@]})); then builds=(release); else builds=(release asan tsan); fi
fi
jobs=$(nproc)

say "packages"
deploy/install-deps.sh build test

say "Node packages"
express=tests/system/express
stamp=$express/node_modules/.installed
lock=$(sha256sum <"$express/package-lock.json")
if [[ ! -f $stamp || $(<"$stamp") != "$lock" ]]; then
    npm ci --prefix "$express" --no-audit --no-fund
    printf '%s\n' "$lock" >"$stamp"
else
    echo "those of the lock file are there already"
fi

for build in "${builds[@]}"; do
    say "build $build"
    cmake --preset "$build" -DVESTIBULE_TESTS=ON -Wno-dev >/dev/null
    cmake --build --preset "$build" --parallel "$jobs"
done

# One CTest run over all builds, so that one summary tells all. The tests of the sanitizer builds carry
# the name of their build in front.
say "tests of: ${builds[*]}"
mkdir -p build/tests
for build in "${builds[@]}"; do printf 'subdirs("%s/build/%s")\n' "$PWD" "$build"; done >build/tests/CTestTestfile.cmake
exec ctest --test-dir build/tests --parallel "$jobs" --output-on-failure --no-tests=error "${select[@]}"
