#!/usr/bin/env bash
# One command to a running vestibule: installs what it needs (Debian, Ubuntu), builds a release, starts
# the demo shop (deploy/demo, plain PHP that keeps no sessions) and vestibule in front of it on
# http://127.0.0.1:8080. Ctrl-C ends both.
#
#     deploy/quickstart.sh
#     PORT=8081 ADMIN_PORT=9091 deploy/quickstart.sh
#     REDIS_URL=redis://localhost:6379 SESSION_SECRET=... deploy/quickstart.sh     sessions in your Redis
#     VESTIBULE_BIN=path/to/vestibule deploy/quickstart.sh                         with a program built already
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if (($#)); then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
    [[ $1 == --help || $1 == -h ]] && exit 0 || exit 2
fi
say() { printf '\n== %s\n' "$*"; }
die() { printf '\nquickstart: %s\n' "$*" >&2; exit 1; }
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

export PORT=${PORT:-8080} ADMIN_PORT=${ADMIN_PORT:-9090}
for name in PORT ADMIN_PORT; do
    if taken "${!name}"; then
        die "port ${!name} on 127.0.0.1 is in use: choose another with $name=... $0"
    fi
done

if [[ -z ${VESTIBULE_BIN:-} ]]; then
    say "packages"
    deploy/install-deps.sh build demo
    say "build"
    # What tests/run.sh has configured is left as it is: both share this build.
    tests=OFF
    if grep -qs '^VESTIBULE_TESTS:[A-Z]*=ON' build/release/CMakeCache.txt; then tests=ON; fi
    cmake --preset release -DVESTIBULE_TESTS=$tests >/dev/null
    cmake --build --preset release --target vestibule
    VESTIBULE_BIN=build/release/vestibule
else
    deploy/install-deps.sh demo
fi

if [[ -z ${SESSION_SECRET:-} ]]; then
    SESSION_SECRET=$("$VESTIBULE_BIN" keygen)
    say "SESSION_SECRET is not set: using a throw-away secret, sessions end with this run"
fi
export SESSION_SECRET

# Both children get process groups of their own, so that Ctrl-C reaches this script alone, which then
# ends them in order.
set -m
shop= proxy=
DEMO_DATA=$(mktemp -d)
export DEMO_DATA
finish() {
    trap - EXIT INT TERM HUP
    [[ -z $proxy ]] || { kill -TERM "$proxy" 2>/dev/null && wait "$proxy"; } || true
    [[ -z $shop ]] || kill -TERM -- "-$shop" 2>/dev/null || true
    rm -rf "$DEMO_DATA"
}
trap finish EXIT
trap 'echo; echo "quickstart: ending both"; exit 0' INT TERM HUP

say "the shop"
for _ in {1..20}; do
    shop_port=$((20000 + RANDOM % 10000))
    taken $shop_port && continue
    PHP_CLI_SERVER_WORKERS=4 php -S 127.0.0.1:$shop_port -t deploy/demo/app deploy/demo/app/router.php \
        >"$DEMO_DATA/shop.log" 2>&1 </dev/null &
    shop=$!
    disown  # it is ended by its process group, without bash remarking on it
    for _ in {1..50}; do
        if taken $shop_port; then break 2; fi
        kill -0 $shop 2>/dev/null || break
        sleep 0.1
    done
    shop=
done
[[ -n $shop ]] || die "the shop does not start: $(tail -n 3 "$DEMO_DATA/shop.log")"
export BACKEND_URL=http://127.0.0.1:$shop_port
echo "plain PHP on $BACKEND_URL"

say "vestibule"
"$VESTIBULE_BIN" serve --config deploy/demo/vestibule.yaml </dev/null &
proxy=$!
for _ in {1..100}; do
    kill -0 $proxy 2>/dev/null || { proxy=; die "vestibule ended, see above"; }
    if curl -fsS -o /dev/null "http://127.0.0.1:$ADMIN_PORT/readyz" 2>/dev/null; then
        ready=yes
        break
    fi
    sleep 0.1
done
[[ ${ready:-} ]] || die "not ready: $(curl -sS "http://127.0.0.1:$ADMIN_PORT/readyz" 2>&1)"

at=http://127.0.0.1:$PORT
if [[ ${REDIS_URL:-} ]]; then where="your Redis"; else where="memory"; fi
cat <<TOUR

== ready: $at, sessions in $where
Open it in a browser, or try in another terminal:

  curl -i $at/whoami                                    a visitor gets a signed session cookie
  curl -c jar -b jar -L -d item=tea $at/cart            a cart that the session carries ...
  curl -c jar -b jar $at/cart                           ... and is still there
  curl -b jar -H 'X-Session-User: admin' $at/whoami     what a client claims to be is stripped
  curl -i $at/account                                   closed to who is not logged in ...
  curl -i -H 'Accept: text/html' $at/account            ... a browser is sent to the login
  curl -c jar -b jar -d 'username=ada&password=lovelace' $at/login  log in ...
  curl -c jar -b jar $at/account                        ... and see
  curl -b jar -H 'X-Session-User: bob' $at/account      still ada, whoever you claim to be
  curl -c jar2 -d 'username=ada&password=lovelace' $at/login        log in from elsewhere, too
  curl -c jar -b jar -X POST $at/logout/everywhere      log out in every browser (/logout: in this one) ...
  curl -i -b jar2 $at/account                           ... elsewhere it is closed, too
  curl -s http://127.0.0.1:$ADMIN_PORT/metrics | grep cookies       what came of the cookies

Ctrl-C ends vestibule and the shop.

TOUR
code=0
wait "$proxy" || code=$?
proxy=
die "vestibule ended with exit code $code"
