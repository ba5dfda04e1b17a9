# shellcheck shell=bash
# The .NET programs, built ahead of time for this machine's processor, once for each state of their source.

runtime_identifier() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) die "The programs are built for x86-64 and arm64 only, this machine is $(uname -m)" ;;
    esac
}

AGENT_PROGRAM=          # folders of the built programs, for the source as it was when this run began
COORDINATOR_PROGRAM=
name_programs() {
    AGENT_PROGRAM=$(program_folder agent)
    COORDINATOR_PROGRAM=$(program_folder coordinator)
}

# program_and_units FOLDER: what an installation is made of; another text means it is old.
program_and_units() { printf '%s %s\n' "$(basename "$1")" "$(content_hash "$REPOSITORY/deploy/systemd")"; }

program_folder() {
    local project=${1^} source=$REPOSITORY/src
    printf '%s/programs/%s-%s' "$CACHE" "$1" "$(content_hash "$source/$project" "$source/Protos" "$source/Consul" "$source/Identity" \
        "$source/Directory.Build.props" "$REPOSITORY/Directory.Build.props" "$REPOSITORY/Directory.Packages.props" "$REPOSITORY/global.json")"
}

programs_built() { [ -x "$AGENT_PROGRAM/rpi-agent" ] && [ -x "$COORDINATOR_PROGRAM/rpi-coordinator" ]; }

# build_program NAME FOLDER: beside the repository (--artifacts-path), so that a build of its owner is not disturbed.
build_program() {
    local name=$1 folder=$2 project=${1^} part=$2.part$BASHPID
    [ ! -x "$folder/rpi-$name" ] || return 0
    keep_newest 4 "$CACHE/programs/$name"-*
    dotnet publish "$REPOSITORY/src/$project" -c Release -r "$(runtime_identifier)" -p:PublishAot=true \
        --artifacts-path "$CACHE/build/$(checkout_key)" -o "$part" --nologo -v quiet
    rm -f "$part"/*.dbg "$part"/*.pdb
    rm -rf "$folder"
    mv -T "$part" "$folder"
}

checkout_key() { printf '%s' "$REPOSITORY" | sha256sum | cut -c1-12; }

build_programs() {
    export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false      # no build servers stay behind
    build_program agent "$AGENT_PROGRAM"
    build_program coordinator "$COORDINATOR_PROGRAM"
}
