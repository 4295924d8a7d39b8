# setup.sh: what tools/run and tools/test share: packages, the build. Sourced, not run.
#
# Debian 12, as root or with sudo. Packages that are there are not asked for again.

build_packages=(
    ca-certificates capnproto ccache clang-19 cmake dns-root-data git libcapnp-dev
    libclang-rt-19-dev libcli11-dev libcurl4-openssl-dev libfmt-dev libgmime-3.0-dev libgsasl-dev
    libicu-dev libidn2-dev liblmdb-dev libopendkim-dev libpoco-dev libsqlite3-dev libssl-dev
    libtomlplusplus-dev libunbound-dev lld-19 ninja-build nlohmann-json3-dev pkg-config python3-minimal zlib1g-dev
)

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# install_packages NAME...: those that are missing. Services that come with them are not started.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "== installing ${missing[*]}"
    if ! apt-cache show clang-19 >/dev/null 2>&1; then
        as_root apt-get update -q
    fi
    local policy=/usr/sbin/policy-rc.d ours=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        ours=yes
    fi
    local status=0
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1 || status=$?
    [ "$ours" = yes ] && as_root rm -f "$policy"
    if [ "$status" != 0 ]; then
        tail -n 20 "$log" >&2
        echo "$0: apt-get install failed; the whole output is in $log" >&2
        exit 1
    fi
}

# configure FOLDER OPTION...: only where that was not done with these options.
configure() {
    local folder=$1
    shift
    local stamp="$folder/configured-with"
    if [ -f "$folder/build.ninja" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$*" ]; then
        return
    fi
    cmake -S . -B "$folder" -G Ninja "$@" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        exit 1
    }
    echo "$*" >"$stamp"
}

log=$(mktemp /tmp/daybook-setup-XXXXXX.log)
trap 'rm -f "$log"' EXIT
