# shellcheck shell=bash
# What the tests of the packages need: Debian roots, and our packages in them.

# An arm64 Debian. Its maintainer scripts run under emulation; where the kernel cannot be told of it, the packages are only unpacked.
make_arm64_root() {
    local tar=$CACHE/roots/debian-12-arm64.tar variant=essential sources
    [ ! -s "$tar" ] || return 0
    emulation_registered || variant=extract
    mkdir -p "$CACHE/roots"
    sources=$(suite_sources bookworm)
    mmdebstrap --arch=arm64 --format=tar --variant=$variant --include=usr-is-merged,libssl3 \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --keyring=/usr/share/keyrings \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --aptopt='APT::Install-Recommends "false"' bookworm "$tar.part" ${sources:+-} <<<"$sources"
    mv "$tar.part" "$tar"
}

# Programs for arm64 then run as if they were of this machine. Where that cannot be had, the tests call qemu by name.
register_emulation() {
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || true
    emulation_registered || update-binfmts --enable qemu-aarch64 || true
}

emulation_registered() { [ "$(machine_architecture)" = arm64 ] || [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; }

# What our packages depend on and the base system of the rig lacks: what a folder without a network is given beside them.
COMPANIONS=(libssl3 systemd-standalone-sysusers)
get_companions() {
    local folder=$CACHE/roots/companions root
    [ "$(find "$folder" -name '*.deb' 2>/dev/null | wc -l)" -lt ${#COMPANIONS[@]} ] || return 0
    root=$(mktemp -d)
    tar -xf "$CACHE/debian-12.tar" -C "$root"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" sh -c "apt-get -q update && cd /tmp && apt-get -q -o APT::Sandbox::User=root download ${COMPANIONS[*]}"
    rm -rf "${folder:?}"
    mkdir -p "$folder"
    mv "$root"/tmp/*.deb "$folder/"
    rm -rf "$root"
}

packages_for_roots() {
    missing_packages <<'LIST'
mmdebstrap mmdebstrap
qemu-aarch64-static qemu-user-static
update-binfmts binfmt-support
arch-test arch-test
LIST
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
}
