#!/bin/sh
# Installs rpi-agent on a Raspberry Pi, or rpi-coordinator on the cluster's host, from a package of deploy/package.sh.
# Usage: install.sh [agent|coordinator] FILE.deb|FOLDER
# A folder may hold packages for several machines, and those ours depend on: then it works without a network.
# Plain sh. Everything is looked at before anything is unpacked.
set -eu

usage() {
    sed -n '2,4s/^# //p' "$0"
}

refuse() {
    echo "install.sh: $1: $2" >&2
    exit 77
}

# What nobody can mend comes first. The package's own check is stricter, and follows.
check_machine() {
    cpu=$(uname -m)
    case $cpu in
        x86_64 | aarch64 | armv7l | armv8l) ;;
        armv6*) refuse E_UNSUPPORTED_CPU "this board has an $cpu processor (Pi 1, Zero, Zero W, CM1), for which .NET is not made. A Pi 2 or later is needed." ;;
        *) refuse E_UNSUPPORTED_CPU "this machine has a processor of kind $cpu; there are packages for x86_64, aarch64 and 32-bit ARM from version 7 on." ;;
    esac
    library=$(c_library)
    version=$(echo "$library" | sed -n 's/.*[^0-9.]2\.\([0-9][0-9]*\)[0-9.]*$/\1/p')
    [ "${version:-0}" -ge 34 ] || refuse E_OLD_GLIBC "the C library here is '${library:-none of GNU}', glibc 2.34 or later is needed: Debian 12, Raspberry Pi OS 12 or Ubuntu 22.04, or later."
    command -v dpkg >/dev/null || refuse E_UNSUPPORTED_OS "there is no dpkg here: the packages are for Debian, Raspberry Pi OS and Ubuntu."
    architecture=$(dpkg --print-architecture)
    case $architecture in
        amd64 | arm64 | armhf) ;;
        *) refuse E_UNSUPPORTED_CPU "this system is of kind $architecture; there are packages for amd64, arm64 and armhf." ;;
    esac
    [ -d /run/systemd/system ] || refuse E_NO_SYSTEMD "systemd does not run here, and it is what starts the program."
    [ "$(id -u)" = 0 ] || refuse E_NOT_ROOT "packages are installed by root. Run: sudo $0 …"
}

# As "glibc 2.36", or what ldd calls itself; musl says nothing on either's standard output.
c_library() {
    getconf GNU_LIBC_VERSION 2>/dev/null | grep '^glibc' || ldd --version 2>/dev/null | head -n 1
}

# find_package FOLDER NAME: the newest for this machine.
find_package() {
    newest=
    for one in ${2:-agent coordinator}; do
        for file in "$1"/rpi-"$one"_*_"$architecture".deb; do
            [ -e "$file" ] || continue
            if [ -n "$newest" ] && [ "$one" != "$newest_is" ]; then
                refuse E_WHICH "$1 holds the agent and the coordinator. Say which: $0 agent $1"
            fi
            if [ -z "$newest" ] || dpkg --compare-versions "$(dpkg-deb -f "$file" Version)" gt "$(dpkg-deb -f "$newest" Version)"; then
                newest=$file
                newest_is=$one
            fi
        done
    done
    [ -n "$newest" ] || refuse E_NO_PACKAGE "there is no package ${2:+rpi-$2 }for $architecture (this machine's kind) in $1.$(why_armhf)"
    printf '%s\n' "$newest"
}

# The commonest case of it: a Pi that could run a 64-bit system.
why_armhf() {
    [ "$architecture" != armhf ] || echo " This system is a 32-bit one, on a processor of kind $cpu: take a 64-bit Raspberry Pi OS, or make the package with deploy/package.sh --arch armhf."
}

# check_package FILE: also its own check of processor and C library, the same that dpkg runs.
check_package() {
    own=$(dpkg-deb -f "$1" Architecture) || refuse E_NO_PACKAGE "$1 is no Debian package."
    case $(dpkg-deb -f "$1" Package) in
        rpi-agent | rpi-coordinator) ;;
        *) refuse E_NO_PACKAGE "$1 is neither rpi-agent nor rpi-coordinator." ;;
    esac
    [ "$own" = "$architecture" ] || refuse E_UNSUPPORTED_CPU "$1 is for $own, this machine takes packages for $architecture."
    control=$(mktemp -d)
    dpkg-deb -e "$1" "$control"
    told=$(sh "$control/preinst" install 2>&1) || { rm -rf "$control"; refuse "$(echo "$told" | sed 's/^[^:]*: \([A-Z_]*\): .*/\1/')" "$(echo "$told" | sed 's/^[^:]*: [A-Z_]*: //')"; }
    rm -rf "$control"
}

# Packages beside ours that are not here yet, or older here.
companions() {
    for file in "$1"/*.deb; do
        name=$(dpkg-deb -f "$file" Package)
        kind=$(dpkg-deb -f "$file" Architecture)
        case $name in rpi-agent | rpi-coordinator) continue ;; esac
        case $kind in all | "$architecture") ;; *) continue ;; esac
        here=$(dpkg-query -W -f '${Version}' "$name:$kind" 2>/dev/null) || here=
        if [ -z "$here" ] || dpkg --compare-versions "$here" lt "$(dpkg-deb -f "$file" Version)"; then
            printf '%s\n' "$file"
        fi
    done
}

# install_all FILE…: with what they depend on, from the machine's package sources where the folder has it not; your configuration stays.
install_all() {
    export DEBIAN_FRONTEND=noninteractive
    if command -v apt-get >/dev/null; then
        set -- install -y --reinstall --allow-downgrades -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
        apt-get "$@" && return
        echo "install.sh: once more with what is here, without what is only recommended" >&2
        apt-get --no-install-recommends --no-download "$@"
    else
        dpkg --force-confold -i "$@"
    fi
}

what_next() {
    if [ "$1" = rpi-agent ]; then
        command -v docker >/dev/null || echo "The agent needs a Docker engine: apt-get install docker.io"
        [ -e /var/lib/rpi-agent/identity ] ||
            echo "It waits for rpi-agent.yaml on the boot partition (coordinator and join token). How it is: systemctl status rpi-agent"
        return
    fi
    [ -x /usr/bin/consul ] || echo "The coordinator needs a Consul program (1.8 or later) at /usr/bin/consul."
    [ -e /etc/rpi-coordinator/coordinator.json ] ||
        echo "Write /etc/rpi-coordinator/coordinator.json as in /usr/share/rpi-coordinator/coordinator.json, then: systemctl start rpi-coordinator"
}

name=
case ${1:-} in
    agent | coordinator) name=$1; shift ;;
    -h | --help) usage; exit 0 ;;
esac
[ $# = 1 ] || { usage >&2; exit 64; }

check_machine
if [ -d "$1" ]; then
    folder=$(cd "$1" && pwd)
    package=$(find_package "$folder" "$name")
else
    [ -f "$1" ] || refuse E_NO_PACKAGE "there is no file or folder $1."
    folder=
    package=$(cd "$(dirname "$1")" && pwd)/${1##*/}
fi
check_package "$package"
[ -z "$name" ] || [ "$(dpkg-deb -f "$package" Package)" = "rpi-$name" ] || refuse E_NO_PACKAGE "$package is not rpi-$name."

set -- "$package"
if [ -n "$folder" ]; then
    for file in $(companions "$folder" | sed 's/ /?/g'); do
        set -- "$@" "$file"
    done
fi
install_all "$@" || refuse E_NOT_INSTALLED "dpkg or apt-get said why above. Run this again when that is mended."
what_next "$(dpkg-deb -f "$package" Package)"
