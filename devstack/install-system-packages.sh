#!/bin/sh
# Install the Debian packages that the tests need and this machine lacks.
set -eu

lacking=""
# A program, and the package that brings it.
need() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || lacking="$lacking $2"
}
need mariadbd mariadb-server
# The services that the starter runbooks are tried on.
need nginx nginx-light
need apache2 apache2
need redis-server redis-server
need memcached memcached
need sshd openssh-server
need curl curl
need openssl openssl
need ss iproute2
# The browser that the console is tried in, and letters for its three languages.
need chromium chromium
[ -z "$lacking" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install:$lacking (there is no apt-get here to do it)." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo -n"
echo "Installing$lacking …"
export DEBIAN_FRONTEND=noninteractive
# No daemon may start by itself: the tests start their own on loopback.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] && [ -z "$as_root" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
fi
# A machine that has just started may be busy with its own updates.
tries=0
until $as_root apt-get update -qq; do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || exit 1
    sleep 15
done
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 $lacking >/dev/null
