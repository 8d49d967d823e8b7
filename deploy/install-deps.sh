#!/usr/bin/env bash
# Installs what building (and testing) vestibule needs, from Debian's or Ubuntu's own packages.
#
#     deploy/install-deps.sh [build] [test] [bench] [demo]      without arguments: build
#
# Installs only what is missing, so a second run is quick and needs no network. Runs apt-get as root,
# or through sudo. No service is started or enabled by it.
set -euo pipefail

say() { printf 'install-deps: %s\n' "$*"; }
die() { printf 'install-deps: %s\n' "$*" >&2; exit 1; }

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Boost 1.81 or later: Debian 12 has 1.81 beside its default 1.74, newer releases have it as default.
boost_packages() {
    local version
    version=$(apt-cache show libboost-dev 2>/dev/null | sed -n 's/^Version: \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    local major=${version% *} minor=${version#* }
    if [[ -n $version ]] && ((major > 1 || minor >= 81)); then
        echo libboost-dev libboost-json-dev libboost-url-dev
    else
        echo libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
    fi
}

# Answers without asking the package lists (they may never have been fetched) where Boost is there.
have_boost() {
    local set
    for set in "libboost-json1.81-dev libboost-url1.81-dev" "libboost-json-dev libboost-url-dev"; do
        local all=yes package
        for package in $set; do installed "$package" || all=no; done
        [[ $all == yes ]] && return 0
    done
    return 1
}

have_node() {
    local version
    version=$(node --version 2>/dev/null) && command -v npm >/dev/null || return 1
    version=${version#v}
    ((${version%%.*} >= 18))
}

command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
    die "this is for Debian and Ubuntu; elsewhere install what is listed in this file by hand"

wanted=()
need_boost=no
for group in "${@:-build}"; do
    case $group in
    build)
        wanted+=(g++ cmake ninja-build make pkg-config git ccache
            libhiredis-dev libssl-dev libyaml-cpp-dev libfmt-dev libcli11-dev prometheus-cpp-dev zlib1g-dev)
        need_boost=yes
        ;;
    demo)
        wanted+=(php-cli openssl curl)
        ;;
    test)
        wanted+=(libgtest-dev libgmock-dev redis-server python3 python3-pytest php-cli nginx-light curl openssl
            iproute2 wrk nghttp2-client haproxy chromium gunicorn)
        have_node || wanted+=(nodejs npm)
        ;;
    bench)
        wanted+=(libbenchmark-dev redis-server redis-tools nginx-light libnginx-mod-http-lua lua-nginx-redis lua-cjson
            haproxy wrk gnuplot-nox valgrind python3)
        have_node || wanted+=(nodejs npm)
        ;;
    *) die "usage: $0 [build] [test] [bench] [demo]" ;;
    esac
done

missing=()
for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
done
if [[ $need_boost == yes ]] && have_boost; then need_boost=no; fi
if ((${#missing[@]} == 0)) && [[ $need_boost == no ]]; then
    say "everything is there already"
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || die "needs root for: ${missing[*]:-Boost} (become root, or install sudo)"
    as_root=(sudo)
fi
apt_get() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

# redis-server, nginx and haproxy are wanted as programs, not as services: a policy for the time of the
# installation keeps them from being started, and disabling them keeps them off after a reboot.
policy=/usr/sbin/policy-rc.d
our_policy=no
forbid_services() {
    [[ -e $policy ]] && return
    our_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
}
allow_services() { [[ $our_policy == no ]] || "${as_root[@]}" rm -f "$policy"; }
disable_new_services() {
    local service
    for service in redis-server nginx haproxy; do
        [[ " $* " == *" $service"* ]] || continue
        "${as_root[@]}" deb-systemd-helper disable "$service.service" >/dev/null 2>&1 || true
        "${as_root[@]}" update-rc.d "$service" disable >/dev/null 2>&1 || true
    done
}

say "fetching the package lists"
apt_get update
if [[ $need_boost == yes ]]; then
    for package in $(boost_packages); do
        installed "$package" || missing+=("$package")
    done
fi
say "installing ${missing[*]}"
trap allow_services EXIT
forbid_services
apt_get install -y --no-install-recommends "${missing[@]}"
disable_new_services "${missing[@]}"
