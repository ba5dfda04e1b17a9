# shellcheck shell=bash
# The .NET programs, built ahead of time for a processor, once for each state of their source.
# RPI_TRY_BUILD=jit, for developers: not ahead of time, ready in seconds instead of minutes, larger and slower to start.

# Hash over the content of files and folders: the key of everything in the cache.
content_hash() {
    find "$@" -type f -not -path '*/bin/*' -not -path '*/obj/*' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-12
}

# Debian's name of this machine's processor.
machine_architecture() {
    case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        armv7l | armv8l) echo armhf ;;
        *) die "The programs are built for amd64, arm64 and armhf only, this machine is $(uname -m)" ;;
    esac
}

runtime_identifier() {
    case $1 in
        amd64) echo linux-x64 ;;
        arm64) echo linux-arm64 ;;
        armhf) echo linux-arm ;;
        *) die "$1 is none of amd64, arm64, armhf" ;;
    esac
}

# The prefix of the cross tools of an architecture.
cross_triplet() { case $1 in amd64) echo x86_64-linux-gnu ;; arm64) echo aarch64-linux-gnu ;; armhf) echo arm-linux-gnueabihf ;; esac; }

# program_variant NAME ARCHITECTURE: builds that do not replace each other.
program_variant() { printf '%s-%s%s' "$1" "$2" "${RPI_TRY_BUILD:+-$RPI_TRY_BUILD}"; }

# program_folder NAME ARCHITECTURE
program_folder() {
    local project=${1^} source=$REPOSITORY/src
    printf '%s/programs/%s-%s' "$CACHE" "$(program_variant "$1" "$2")" "$(content_hash "$source/$project" "$source/Protos" "$source/Consul" "$source/Identity" \
        "$source/Directory.Build.props" "$REPOSITORY/Directory.Build.props" "$REPOSITORY/Directory.Packages.props" "$REPOSITORY/global.json")"
}

# build_program NAME ARCHITECTURE FOLDER: beside the repository (--artifacts-path), so that a build of its owner is not disturbed.
build_program() {
    local name=$1 architecture=$2 folder=$3 project=$REPOSITORY/src/${1^} part=$3.part$BASHPID
    local options=(-r "$(runtime_identifier "$architecture")" --artifacts-path "$CACHE/build/$(checkout_key)-$architecture" --nologo -v quiet)
    [ ! -x "$folder/rpi-$name" ] || return 0
    export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false      # no build servers stay behind
    [ "${RPI_TRY_BUILD:-}" = jit ] || options+=(-p:PublishAot=true)
    [ "$architecture" = "$(machine_architecture)" ] || options+=("-p:ObjCopyName=$(cross_triplet "$architecture")-objcopy")
    dotnet restore "$project" -p:SelfContained=true "${options[@]}" ||
        die "The package source of this machine has no .NET runtime for $(runtime_identifier "$architecture"), so $architecture cannot be built here" \
            "On a machine that reaches the public NuGet source the same command works."
    keep_newest 3 "$CACHE/programs/$(program_variant "$name" "$architecture")"-????????????
    dotnet publish "$project" -c Release --self-contained -p:RunAnalyzers=false "${options[@]}" -o "$part"
    [ -x "$part/rpi-$name" ] || die "dotnet publish made no rpi-$name"
    rm -f "$part"/*.dbg "$part"/*.pdb
    rm -rf "$folder"
    mv -T "$part" "$folder"
}

checkout_key() { printf '%s' "$REPOSITORY" | sha256sum | cut -c1-12; }
