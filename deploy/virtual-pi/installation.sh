# shellcheck shell=bash
# The Debian packages on the machines of the rig: in their image from the start, and as an upgrade while they run.

AGENT_FOLDER=           # folders that hold the packages of the source as it was when this run began
COORDINATOR_FOLDER=
AGENT_PACKAGE=
COORDINATOR_PACKAGE=
name_packages() {
    AGENT_FOLDER=$(package_folder agent "$(machine_architecture)")
    COORDINATOR_FOLDER=$(package_folder coordinator "$(machine_architecture)")
    name_package_files
}

name_package_files() {
    AGENT_PACKAGE=$(package_file "$AGENT_FOLDER")
    COORDINATOR_PACKAGE=$(package_file "$COORDINATOR_FOLDER")
}

packages_built() { [ -n "$AGENT_PACKAGE" ] && [ -n "$COORDINATOR_PACKAGE" ]; }

build_packages() {
    build_package agent "$(machine_architecture)" "$AGENT_FOLDER"
    build_package coordinator "$(machine_architecture)" "$COORDINATOR_FOLDER"
}

# installation_key PACKAGE: another text means that what is installed is old.
installation_key() { basename "$(dirname "$1")"; }

# build_packaged_image NAME BASE PACKAGE
build_packaged_image() {
    ! has_image "$1" || return 0
    engine build --force-rm --network none --label rpi-try=image --build-arg "BASE=$2" -t "$1" \
        -f "$REPOSITORY/deploy/virtual-pi/Dockerfile.package" "$(dirname "$3")"
    # Old ones go; those that a board was made of stay.
    engine image ls --format '{{.Repository}}:{{.Tag}}' "${1%:*}" | tail -n +4 | xargs -r "${ENGINE[@]}" image rm 2>/dev/null || true
}

# install_package CONTAINER PACKAGE: as a person on that machine would.
install_package() {
    engine exec -i "$1" sh -c 'cat >/var/tmp/package.deb && dpkg -i /var/tmp/package.deb; code=$?; rm -f /var/tmp/package.deb; exit $code' <"$2"
}
