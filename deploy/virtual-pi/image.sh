# shellcheck shell=bash
# The images a rig needs: Debian's base, made from packages, and the virtual Pi on top of it, for each operating system.

declare -A PI_IMAGES        # by operating system
name_images() {
    local os folder=$REPOSITORY/deploy/virtual-pi
    for os in "${OPERATING_SYSTEMS[@]}"; do
        PI_IMAGES[$os]=rpi-try/pi-$os:$(content_hash "$folder/Dockerfile" "$folder/rootfs" "$folder/$os")
    done
}

need_os() {
    [[ " ${OPERATING_SYSTEMS[*]} " == *" $1 "* ]] || { say "--os takes one of: ${OPERATING_SYSTEMS[*]}"; exit 64; }
}

suite_of() { case $1 in debian-12) echo bookworm ;; debian-13) echo trixie ;; esac; }
base_image() { printf 'rpi-try/debian:%s' "${1#debian-}"; }

has_image() { engine image inspect "$1" >/dev/null 2>&1; }

# make_base_system OS
make_base_system() {
    local tar=$CACHE/$1.tar suite sources
    [ -s "$tar" ] && return
    suite=$(suite_of "$1")
    sources=$(suite_sources "$suite")
    mmdebstrap --format=tar --variant=minbase --include=usr-is-merged \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --keyring=/usr/share/keyrings \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/lib/*/gconv/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --aptopt='APT::Install-Recommends "false"' \
        "$suite" "$tar.part" ${sources:+-} <<<"$sources"
    mv "$tar.part" "$tar"
}

# import_base OS
import_base() {
    has_image "$(base_image "$1")" && return
    engine import --change 'LABEL rpi-try=image' --change 'CMD ["/bin/sh"]' "$CACHE/$1.tar" "$(base_image "$1")"
}

# build_pi_image OS
build_pi_image() {
    has_image "${PI_IMAGES[$1]}" && return
    engine build --force-rm --network host --label rpi-try=image --build-arg "BASE=$(base_image "$1")" --build-arg "OS=$1" \
        -t "${PI_IMAGES[$1]}" "$REPOSITORY/deploy/virtual-pi"
}

remove_images() {
    local image
    for image in $(engine image ls -q --filter label=rpi-try=image | sort -u); do
        engine image rm -f "$image" >/dev/null || true
    done
}
