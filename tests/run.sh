#!/usr/bin/env bash
# Builds and runs the tests. Installs what is missing, leaves nothing running, ends with one counting line.
# Usage: tests/run.sh [unit|integration|e2e|all]
set -euo pipefail

REPOSITORY=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
export RPI_TRY_INSTANCE=e2e                 # clusters of their own, beside one the user may have
RIGS=()                                     # those that this run brings up
PACKAGING=RpiAgent.Tests.Integration.Packaging      # needs what is built meanwhile, and runs after the others
LOG=$(mktemp -t rpi-agent-tests.XXXXXX)
CACHE=${RPI_TRY_CACHE:-/var/cache/rpi-agent-try}
for part in lib/{report,packages,mirror,consul,programs,debian,roots} virtual-pi/image; do
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
    trap 'end_asides; end_compiler; take_down' EXIT
    [[ " ${suites[*]} " != *" EndToEnd "* ]] || RIGS=(e2e e2eroll e2eeng e2ecard e2eten)
    [[ " ${suites[*]} " =~ " Integration "|" EndToEnd " ]] && prepare
    need_dotnet
    # One compiler for all builds, warm after the first, with a name of its own by which it is ended.
    export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=true SharedCompilationId=rpi-tests-$$
    [[ " ${suites[*]} " =~ " Integration "|" EndToEnd " ]] && prepare_aside "${suites[@]}"
    say "Build"
    local suite
    for suite in "${suites[@]}"; do
        step "tests/$suite" dotnet build "$REPOSITORY/tests/$suite" --nologo -v quiet
    done
    end_compiler
    run_suites "${suites[@]}"
}

end_compiler() {
    local server
    for server in $(grep -lsz -- "-[p]ipename:${SharedCompilationId:-none}" /proc/[0-9]*/cmdline); do
        kill "$(basename "$(dirname "$server")")" 2>/dev/null || true
    done
}

prepare() {
    local packages
    say "Preparing this machine"
    refresh_apt_lists
    mapfile -t packages < <(packages_for_rig; packages_for_build; packages_for_cross arm64; packages_for_roots; missing_packages <<<$'strace strace\nssh-keygen openssh-client')
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
    export PATH=$PATH:$CACHE/consul
}

# What takes minutes and is not needed at once: built while the first tests run, which have the right of way.
prepare_aside() {
    export RPI_TEST_PACKAGES=$CACHE/roots/packages RPI_TEST_ROOTS=$CACHE/roots
    emulation_registered || register_emulation >>"$LOG" 2>&1
    emulation_registered || note "binfmt_misc is not to be had: the arm64 package is unpacked, not installed, and qemu-aarch64-static starts its program"
    rm -rf "$RPI_TEST_PACKAGES"
    aside programs build_programs
    ! wanted EndToEnd "$@" || aside rig build_rig
    ! wanted Integration "$@" || aside arm64 build_roots
}

# Our packages for this machine: the rig is made of them.
build_programs() {
    renice -n 10 "$BASHPID"
    "$REPOSITORY/deploy/package.sh" agent --out "$RPI_TEST_PACKAGES/here"
    "$REPOSITORY/deploy/package.sh" coordinator --out "$RPI_TEST_PACKAGES/here"
}

build_rig() {
    renice -n 10 "$BASHPID"
    "$REPOSITORY/deploy/try.sh" build
}

# Roots to install our packages in, and the package for them: needed last, and so made from what the others leave of the processors.
build_roots() {
    renice -n 19 "$BASHPID"
    locked images make_base_system debian-12
    locked roots get_companions
    "$REPOSITORY/deploy/package.sh" agent --arch arm64 --out "$RPI_TEST_PACKAGES/arm64"
    locked roots make_arm64_root
}

# wanted SUITE SUITES…
wanted() { [[ " ${*:2} " == *" $1 "* ]]; }

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
        case $suite in
            Integration) run_tests Integration --filter-not-namespace "$PACKAGING" || code=1 ;;
            EndToEnd)
                built programs rig || code=1
                run_tests EndToEnd || code=1
                ;;
            *) run_tests "$suite" || code=1 ;;
        esac
    done
    if wanted Integration "$@"; then
        built programs arm64 || code=1
        run_tests Integration --filter-namespace "$PACKAGING" || code=1
    fi
    take_down
    cat "$RPI_TEST_NOTES"
    summary "$output" || code=1
    rm -f "$output" "$RPI_TEST_NOTES"
    [ "$code" != 0 ] || rm -f "$LOG" "$LOG".*
    exit "$code"
}

# built NAME…: waits, once, for what is built aside. Without it the tests that need it fail, and the others are worth running.
built() {
    local name code=0
    for name in "$@"; do
        [ -n "${ASIDE[$name]:-}" ] || continue
        ( step "$name, built meanwhile" wait_aside "$name" ) || code=1
        unset "ASIDE[$name]"
    done
    return "$code"
}

# run_tests SUITE OPTIONS…
run_tests() {
    local suite=$1
    shift
    say "tests/$suite $*"
    ( cd "$REPOSITORY" && dotnet test --project "tests/$suite" --no-build --show-slowest-tests 12 "$@" ) 2>&1 | tee -a "$output"
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
    local rig
    for rig in "${RIGS[@]}"; do
        [ ! -d "/var/lib/rpi-agent-try/$rig" ] || RPI_TRY_INSTANCE=$rig "$REPOSITORY/deploy/try.sh" down >&2 || true
    done
}

main "$@"
