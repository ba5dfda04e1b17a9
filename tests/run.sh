#!/usr/bin/env bash
# Builds and runs the tests. Installs what is missing, leaves nothing running, ends with one counting line.
# Usage: tests/run.sh [unit|integration|e2e|all]
set -euo pipefail

REPOSITORY=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
export RPI_TRY_INSTANCE=e2e                 # a cluster of its own, beside one the user may have
LOG=$(mktemp -t rpi-agent-tests.XXXXXX)
CACHE=${RPI_TRY_CACHE:-/var/cache/rpi-agent-try}
for part in lib/{report,packages,mirror,consul,programs,roots} virtual-pi/image; do
    # shellcheck disable=SC1090
    . "$REPOSITORY/deploy/$part.sh"
done

usage() { sed -n '2,3s/^# //p' "$0"; }

main() {
    local suites
    case ${1:-all} in
        unit) suites=(Unit) ;;
        integration) suites=(Integration) ;;
        e2e) suites=(EndToEnd) ;;
        all) suites=(Unit Integration EndToEnd) ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 64 ;;
    esac
    trap take_down EXIT
    [[ " ${suites[*]} " =~ " Integration "|" EndToEnd " ]] && prepare
    need_dotnet
    [[ " ${suites[*]} " =~ " Integration " ]] && prepare_packages
    export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false      # no build servers stay behind
    say "Build"
    local suite
    for suite in "${suites[@]}"; do
        step "tests/$suite" dotnet build "$REPOSITORY/tests/$suite" --nologo -v quiet
    done
    run_suites "${suites[@]}"
}

prepare() {
    local packages
    say "Preparing this machine"
    refresh_apt_lists
    mapfile -t packages < <(packages_for_rig; packages_for_build; packages_for_roots; command -v strace >/dev/null || echo strace)
    install_packages "${packages[@]}"
    mkdir -p "$CACHE"
    step "Consul" locked consul get_consul
    note "Consul from: $(cat "$CACHE/consul/from")"
    step "ifquery, busybox, sshd" locked unpacked unpack_all
    RPI_TEST_IFQUERY=$(unpacked_program ifupdown ifquery)
    RPI_TEST_BUSYBOX=$(unpacked_program busybox-static busybox)
    RPI_TEST_SSHD=$(unpacked_program openssh-server sshd)
    RPI_TEST_SSHD_LIBRARIES=$(dirname "$(find "$CACHE/unpacked/libwrap0" -name 'libwrap.so.0' | head -n 1)")
    export RPI_TEST_SSHD RPI_TEST_SSHD_LIBRARIES RPI_TEST_IFQUERY RPI_TEST_BUSYBOX RPI_TEST_PREPARED=1    # a missing program fails tests from here on
    export PATH=$PATH:$CACHE/consul:/usr/sbin:/sbin
}

# Our packages, and roots to install them in.
prepare_packages() {
    export RPI_TEST_PACKAGES=$CACHE/roots/packages RPI_TEST_ROOTS=$CACHE/roots
    step "base system (about half a minute)" locked images make_base_system debian-12
    step "libssl3 for it" locked roots get_companions
    step "emulation of arm64" register_emulation
    emulation_registered || note "binfmt_misc is not to be had: the arm64 package is unpacked, not installed, and qemu-aarch64-static starts its program"
    aside locked roots make_arm64_root
    rm -rf "$RPI_TEST_PACKAGES"
    "$REPOSITORY/deploy/package.sh" agent --out "$RPI_TEST_PACKAGES/here" >/dev/null
    "$REPOSITORY/deploy/package.sh" agent --arch arm64 --out "$RPI_TEST_PACKAGES/arm64" >/dev/null
    step "arm64 root (about two minutes)" wait_aside
}

# The judge of what we write to /etc/network/interfaces, the only program in the test image, and who says where keys are.
unpack_all() {
    unpack_package ifupdown
    unpack_package busybox-static
    unpack_package openssh-server
    unpack_package libwrap0
}

# Unpacked, not installed: this machine's network and its own busybox stay as they are.
unpack_package() {
    local package=$1 folder
    [ ! -d "$CACHE/unpacked/$package" ] || return 0
    folder=$(mktemp -d)
    ( cd "$folder" && apt-get -q -o APT::Sandbox::User=root download "$package" && dpkg-deb -x "$package"_*.deb tree )
    mkdir -p "$CACHE/unpacked"
    mv "$folder/tree" "$CACHE/unpacked/$package"
    rm -rf "$folder"
}

# Debian moved programs from /sbin to /usr/sbin.
unpacked_program() { find "$CACHE/unpacked/$1" -name "$2" ! -type d -path '*bin/*' | head -n 1; }

# Runs them all, even after one failed, and sums up what the test platform counted.
run_suites() {
    local suite code=0 output
    output=$(mktemp -t rpi-agent-tests.XXXXXX)
    RPI_TEST_NOTES=$(mktemp -t rpi-agent-tests.XXXXXX)
    export RPI_TEST_NOTES                                            # what tests have to say although they pass
    for suite in "$@"; do
        say "tests/$suite"
        ( cd "$REPOSITORY" && dotnet test --project "tests/$suite" --no-build ) 2>&1 | tee -a "$output" || code=1
    done
    take_down
    cat "$RPI_TEST_NOTES"
    summary "$output" || code=1
    rm -f "$output" "$LOG" "$RPI_TEST_NOTES"
    exit "$code"
}

# The closing line; fails when a test failed or none ran.
summary() {
    awk '/^  (failed|succeeded|skipped): [0-9]+$/ { n[$1] += $2 }
        END {
            printf "%d passed, %d failed, %d skipped\n", n["succeeded:"], n["failed:"], n["skipped:"]
            exit n["failed:"] > 0 || n["succeeded:"] == 0
        }' "$1"
}

take_down() {
    [ ! -d "/var/lib/rpi-agent-try/$RPI_TRY_INSTANCE" ] || "$REPOSITORY/deploy/try.sh" down >&2 || true
}

main "$@"
