# shellcheck shell=bash
# Debian packages of the machine the rig runs on.

# Reads "COMMAND PACKAGE" lines and prints the packages whose command is missing.
missing_packages() {
    local command package
    while read -r command package; do
        command -v "$command" >/dev/null || printf '%s\n' "$package"
    done
}

packages_for_rig() {
    missing_packages <<'LIST'
dockerd docker.io
iptables iptables
dnsmasq dnsmasq-base
mmdebstrap mmdebstrap
ip iproute2
nsenter util-linux
curl curl
jq jq
dpkg-deb dpkg
LIST
    # An engine of another make (docker-ce) brings dockerd itself; Debian 13 has the client in a package of its own.
    command -v docker >/dev/null || apt_has docker-cli && ! command -v docker >/dev/null && echo docker-cli
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
}

# What the native (AOT) build of the programs links with.
packages_for_build() {
    missing_packages <<'LIST'
clang clang
LIST
    [ -e /usr/include/zlib.h ] || echo zlib1g-dev
}

# A machine made from an image may have no package lists at all.
refresh_apt_lists() {
    command -v apt-get >/dev/null && ! apt_has dpkg || return 0
    [ "$(id -u)" = 0 ] || die "This machine has no package lists" "Run: sudo apt-get update"
    step "package lists" apt-get update
}

apt_has() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "These are missing and this machine has no apt-get: $*" "Install them by hand and run again."
    [ "$(id -u)" = 0 ] || die "These packages are missing: $*" "Run as root, or install them: sudo apt-get install $*"
    step "installing $*" apt_install "$@"
}

apt_install() {
    local apt=(apt-get -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any)
    export DEBIAN_FRONTEND=noninteractive
    "${apt[@]}" install -y --no-install-recommends "$@" && return
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "$@"
}

need_dotnet() {
    command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.' && return
    die "The .NET 10 SDK is missing." "Install it (https://learn.microsoft.com/dotnet/core/install/linux) and run again."
}
