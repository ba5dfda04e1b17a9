# shellcheck shell=bash
# The Debian packages rpi-agent and rpi-coordinator, made of a built program, deploy/systemd and deploy/packaging.

PACKAGE_PARTS=("$REPOSITORY/deploy/systemd" "$REPOSITORY/deploy/packaging" "$REPOSITORY/deploy/lib/debian.sh" "$REPOSITORY/Directory.Build.props")

# package_folder NAME ARCHITECTURE: holds the one package of this state of the source.
package_folder() {
    local program
    program=$(program_folder "$1" "$2")
    printf '%s/packages/%s-%s' "$CACHE" "$(basename "$program")" "$(content_hash "${PACKAGE_PARTS[@]}")"
}

package_file() { find "$1" -name '*.deb' 2>/dev/null || true; }

# build_package NAME ARCHITECTURE FOLDER
build_package() {
    local name=$1 architecture=$2 folder=$3 program work
    [ -z "$(package_file "$folder")" ] || return 0
    program=$(program_folder "$name" "$architecture")
    build_program "$name" "$architecture" "$program"
    work=$folder.part$BASHPID
    rm -rf "$work"
    mkdir -p "$work/tree" "$work/out"
    "fill_$name" "$work/tree" "$program"
    describe_package "rpi-$name" "$architecture" "$work/tree" "$folder"
    seal_package "$work/tree" "$work/out"
    keep_newest 3 "$CACHE/packages/$(program_variant "$name" "$architecture")"-????????????-????????????
    rm -rf "$folder"
    mv -T "$work/out" "$folder"
    rm -rf "$work"
}

fill_agent() {
    local tree=$1 units=$REPOSITORY/deploy/systemd
    fill_program "$tree" rpi-agent "$2"
    fill_units "$tree" rpi-agent
    install -m 0755 "$units"/*.sh "$tree/usr/lib/rpi-agent/"
    install -D -m 0644 "$units/docker-clone-guard.conf" "$tree/usr/lib/systemd/system/docker.service.d/10-rpi-agent-clone-guard.conf"
    ln -s ../lib/rpi-agent/rpi-agent "$tree/usr/bin/rpi-agent"
    install -D -m 0644 "$REPOSITORY/deploy/packaging/agent.json" "$tree/etc/rpi-agent/agent.json"
    mkdir -p "$tree/DEBIAN"
    echo /etc/rpi-agent/agent.json >"$tree/DEBIAN/conffiles"
}

# Its configuration is no file of the package: without an address and a pool of this very network it cannot run.
fill_coordinator() {
    local tree=$1 units=$REPOSITORY/deploy/systemd
    fill_program "$tree" rpi-coordinator "$2"
    fill_units "$tree" rpi-coordinator
    fill_units "$tree" rpi-consul
    install -D -m 0644 "$units/rpi-coordinator.sysusers" "$tree/usr/lib/sysusers.d/rpi-coordinator.conf"
    install -D -m 0644 "$REPOSITORY/deploy/packaging/coordinator.json" "$tree/usr/share/rpi-coordinator/coordinator.json"
    install -d -m 0755 "$tree/etc/rpi-coordinator" "$tree/DEBIAN"
    ln -s ../lib/rpi-coordinator/rpi-coordinator "$tree/usr/bin/rpi-coordinator"
    ln -s ../lib/rpi-coordinator/rpi-coordinator "$tree/usr/bin/rpictl"
}

# fill_program TREE PACKAGE PROGRAM
fill_program() {
    install -d -m 0755 "$1/usr/bin" "$1/usr/lib/$2" "$1/usr/lib/systemd/system"
    cp -r "$3/." "$1/usr/lib/$2/"
    rm -f "$1/usr/lib/$2"/*.staticwebassets.endpoints.json
}

# fill_units TREE BEGINNING: by their names, so that a new one is not forgotten.
fill_units() {
    find "$REPOSITORY/deploy/systemd" -maxdepth 1 -name "$2*" \
        -regextype egrep -regex '.*\.(service|timer|socket|path|mount|target|slice)' -exec install -m 0644 -t "$1/usr/lib/systemd/system/" {} +
}

# describe_package PACKAGE ARCHITECTURE TREE FOLDER: the control files.
describe_package() {
    local package=$1 architecture=$2 tree=$3 libc units script
    [ "${RPI_TRY_BUILD:-}" != jit ] || just_in_time_units "$tree"
    chmod -R u=rwX,go=rX "$tree"
    libc=$(needed_libc "$tree/usr/lib/$package")
    dpkg --compare-versions "$libc" le 2.36 ||
        die "$package as built on this machine asks for glibc $libc, which Debian 12 does not have" "Build it on Debian 12 or Ubuntu 22.04."
    units=$(cd "$tree/usr/lib/systemd/system" && grep -ls -d skip '^\[Install\]' -- * | xargs)
    for script in "$REPOSITORY/deploy/packaging/preinst" "$REPOSITORY/deploy/packaging/$package".*; do
        sed -e "s/@PACKAGE@/$package/g; s/@CPUS@/$(cpus_of "$architecture")/g; s/@GLIBC@/$libc/g; s/@UNITS@/$units/g" \
            "$script" >"$tree/DEBIAN/${script##*[/.]}"
        chmod 0755 "$tree/DEBIAN/${script##*[/.]}"
    done
    {
        echo "Package: $package"
        echo "Version: $(package_version "$4")"
        echo "Architecture: $architecture"
        echo "Maintainer: RpiAgent <root@localhost>"
        echo "Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)"
        "words_of_$package" "$libc"
        echo "Section: admin"
        echo "Priority: optional"
    } >"$tree/DEBIAN/control"
}

# No libicu: the programs take every culture as the invariant one. OpenSSL is loaded when the first certificate is read.
words_of_rpi-agent() {
    cat <<END
Depends: libc6 (>= $1), libssl3 | libssl3t64$(just_in_time_depends)
Recommends: systemd, iproute2, docker.io | docker-ce | moby-engine
Description: agent of a Raspberry Pi in a cluster
 Enrols the board at boot, keeps its name, address and engine options in order,
 and runs the containers the coordinator gives it.
END
}

words_of_rpi-coordinator() {
    cat <<END
Depends: libc6 (>= $1), libssl3 | libssl3t64, systemd | systemd-standalone-sysusers$(just_in_time_depends)
Recommends: systemd, consul
Description: coordinator of a Raspberry Pi cluster, and rpictl
 Enrols the boards, elects the Swarm master, places containers and watches them.
 Needs a Consul program at /usr/bin/consul.
END
}

just_in_time_depends() { [ "${RPI_TRY_BUILD:-}" != jit ] || printf ', libgcc-s1, libstdc++6'; }

# What `uname -m` may say: a 64-bit kernel also runs the 32-bit programs.
cpus_of() { case $1 in amd64) echo x86_64 ;; arm64) echo aarch64 ;; armhf) echo armv7l armv8l aarch64 ;; esac; }

# The highest version that the programs in FOLDER ask of the C library.
needed_libc() {
    grep -rhaoE 'GLIBC_2\.[0-9]+' "$1" | sort -uV | tail -n 1 | cut -d_ -f2
}

# Of the source: its version, when its last commit was, and what is in it.
package_version() {
    local version
    version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$REPOSITORY/Directory.Build.props")
    printf '%s+%s.%s' "$version" "$(TZ=UTC0 source_time %Y%m%d%H%M%S)" "$(basename "$1" | sha256sum | cut -c1-8)"
}

# source_time FORMAT: of the last commit; without git, of the newest file.
source_time() {
    git -C "$REPOSITORY" log -1 --format=%cd --date="format-local:$1" -- src deploy 2>/dev/null | grep . ||
        date -d "@$(find "$REPOSITORY/src" "${PACKAGE_PARTS[@]}" -type f -printf '%Ts\n' | sort -n | tail -n 1)" "+$1"
}

# seal_package TREE FOLDER: the same source gives the same bytes: owners, times and order are fixed.
seal_package() {
    local compression=(-Zxz -z6)
    [ "${RPI_TRY_BUILD:-}" != jit ] || compression=(-Zgzip -z1)
    SOURCE_DATE_EPOCH=$(source_time %s) dpkg-deb --root-owner-group "${compression[@]}" --build "$1" "$2"
}

# just_in_time_units TREE: the runtime of a program not built ahead of time sets processor affinity as it starts, which the units forbid.
just_in_time_units() {
    local unit
    for unit in "$1"/usr/lib/systemd/system/rpi-{agent,coordinator*}.service; do
        [ -e "$unit" ] || continue
        mkdir -p "$unit.d"
        printf '[Service]\nSystemCallFilter=sched_setaffinity\n' >"$unit.d/20-just-in-time.conf"
    done
}

# Packages of the tools that build for an architecture which is not this machine's.
packages_for_cross() {
    local triplet
    [ "$1" != "$(machine_architecture)" ] || return 0
    triplet=$(cross_triplet "$1")
    missing_packages <<<"$triplet-gcc gcc-$triplet"
    [ -d "/usr/$triplet/include" ] || echo "libc6-dev-$1-cross"
}
