# shellcheck shell=bash
# The .NET programs, built ahead of time for this machine's processor, once for each state of their source.

runtime_identifier() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) die "The programs are built for x86-64 and arm64 only, this machine is $(uname -m)" ;;
    esac
}

# program_folder agent|coordinator: where the built program is or will be.
program_folder() {
    local project=${1^} source=$REPOSITORY/src
    printf '%s/programs/%s-%s' "$CACHE" "$1" "$(content_hash "$source/$project" "$source/Protos" "$source/Consul" "$source/Identity" \
        "$source/Directory.Build.props" "$REPOSITORY/Directory.Build.props" "$REPOSITORY/Directory.Packages.props" "$REPOSITORY/global.json")"
}

programs_built() { [ -x "$(program_folder agent)/rpi-agent" ] && [ -x "$(program_folder coordinator)/rpi-coordinator" ]; }

# Builds beside the repository (--artifacts-path), so that a build of its owner is not disturbed.
build_program() {
    local name=$1 folder project=${1^}
    folder=$(program_folder "$name")
    [ ! -x "$folder/rpi-$name" ] || return 0
    rm -rf "$folder.part" "$CACHE/programs/$name"-*
    dotnet publish "$REPOSITORY/src/$project" -c Release -r "$(runtime_identifier)" -p:PublishAot=true \
        --artifacts-path "$CACHE/build" -o "$folder.part" --nologo -v quiet
    rm -f "$folder.part"/*.dbg "$folder.part"/*.pdb
    mv "$folder.part" "$folder"
}

build_programs() {
    build_program coordinator
    build_program agent
}
