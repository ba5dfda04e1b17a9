#!/usr/bin/env bash
# Builds the Debian packages rpi-agent and rpi-coordinator.
# Usage: deploy/package.sh [agent|coordinator] [--arch amd64|arm64|armhf] --out DIR
# Without a name both are built, without --arch for this machine. What was built is kept in /var/cache/rpi-agent-try (RPI_TRY_CACHE).
# armhf needs a package source that has the runtime pack of .NET for linux-arm; it is said when there is none.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
CACHE=${RPI_TRY_CACHE:-/var/cache/rpi-agent-try}
for part in report packages programs debian; do
    # shellcheck disable=SC1090
    . "$REPOSITORY/deploy/lib/$part.sh"
done

usage() { sed -n '2,5s/^# //p' "$0"; }

main() {
    local names=(agent coordinator) architecture='' out='' name packages
    while [ $# -gt 0 ]; do
        case $1 in
            agent | coordinator) names=("$1"); shift ;;
            --arch | --out)
                [ $# -gt 1 ] || { usage >&2; exit 64; }
                if [ "$1" = --arch ]; then architecture=$2; else out=$2; fi
                shift 2
                ;;
            -h | --help) usage; exit 0 ;;
            *) usage >&2; exit 64 ;;
        esac
    done
    architecture=${architecture:-$(machine_architecture)}
    if [ -z "$out" ] || [[ ! $architecture =~ ^(amd64|arm64|armhf)$ ]]; then usage >&2; exit 64; fi
    mkdir -p "$CACHE" "$out"
    LOG=$(mktemp -t rpi-agent-package.XXXXXX)
    for name in "${names[@]}"; do
        make "$name" "$architecture" "$out"
    done
    rm -f "$LOG"
}

# make NAME ARCHITECTURE OUT: prints the package's path.
make() {
    local folder file
    folder=$(package_folder "$1" "$2")
    if [ -z "$(package_file "$folder")" ]; then
        need_tools "$2"
        step "rpi-$1 for $2" locked "build-$(checkout_key)-$2" build_package "$1" "$2" "$folder"
    fi
    file=$(package_file "$folder")
    cp "$file" "$3/"
    printf '%s/%s\n' "${3%/}" "$(basename "$file")"
}

need_tools() {
    local packages
    need_dotnet
    refresh_apt_lists
    mapfile -t packages < <([ "${RPI_TRY_BUILD:-}" = jit ] || { packages_for_build; packages_for_cross "$1"; }; missing_packages <<<'dpkg-deb dpkg')
    install_packages "${packages[@]}"
}

main "$@"
