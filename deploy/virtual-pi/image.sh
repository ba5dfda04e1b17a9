# shellcheck shell=bash
# The images a rig needs: Debian's base, made from packages, and the virtual Pi on top of it.

PI_IMAGE=

# Hash over the content of files and folders: the key of everything in the cache.
content_hash() {
    find "$@" -type f -not -path '*/bin/*' -not -path '*/obj/*' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-12
}

name_images() {
    PI_IMAGE=rpi-try/pi:$(content_hash "$REPOSITORY/deploy/virtual-pi/Dockerfile" "$REPOSITORY/deploy/virtual-pi/rootfs")
}

has_image() { engine image inspect "$1" >/dev/null 2>&1; }

make_base_system() {
    local tar=$CACHE/debian-12.tar sources
    [ -s "$tar" ] && return
    sources=$(suite_sources bookworm)
    mmdebstrap --format=tar --variant=minbase --include=usr-is-merged \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --keyring=/usr/share/keyrings \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/lib/*/gconv/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --aptopt='APT::Install-Recommends "false"' \
        bookworm "$tar.part" ${sources:+-} <<<"$sources"
    mv "$tar.part" "$tar"
}

import_base() {
    has_image "$BASE_IMAGE" && return
    engine import --change 'LABEL rpi-try=image' --change 'CMD ["/bin/sh"]' "$CACHE/debian-12.tar" "$BASE_IMAGE"
}

build_pi_image() {
    has_image "$PI_IMAGE" && return
    engine build --force-rm --network host --label rpi-try=image --build-arg "BASE=$BASE_IMAGE" -t "$PI_IMAGE" "$REPOSITORY/deploy/virtual-pi"
}

remove_images() {
    local image
    for image in $(engine image ls -q --filter label=rpi-try=image | sort -u); do
        engine image rm -f "$image" >/dev/null || true
    done
}
