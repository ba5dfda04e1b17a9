# shellcheck shell=bash
# Where a Consul program comes from: PATH, then this machine's packages, then Debian 11 for this one package.

# Puts a consul program at $CACHE/consul/consul and says in $CACHE/consul/from where it is from.
get_consul() {
    local folder=$CACHE/consul found
    mkdir -p "$folder"
    if found=$(command -v consul); then
        cmp -s "$found" "$folder/consul" || install -m 0755 "$found" "$folder/consul"
        echo "$found ($("$found" version | head -n 1))" >"$folder/from"
        return
    fi
    [ ! -x "$folder/consul" ] || return 0
    if apt_has consul; then
        fetch_deb consul "$folder" && echo "this machine's package source" >"$folder/from" && return
    fi
    consul_of_bullseye "$folder"
    echo "Debian 11 (bullseye), package consul taken apart" >"$folder/from"
}

# Downloads one package with an apt that knows bullseye and nothing else, and touches no file of this machine's apt.
consul_of_bullseye() {
    local folder=$1 private=$1/apt mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || { consul_of_default_mirror "$folder"; return; }
    mkdir -p "$private"/{lists/partial,cache/archives/partial,etc}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$private/etc/sources.list"
    : >"$private/status"
    local apt=(apt-get -o Dir::State::Lists="$private/lists" -o Dir::State::Status="$private/status"
        -o Dir::Cache="$private/cache" -o Dir::Etc::SourceList="$private/etc/sources.list" -o Dir::Etc::SourceParts=-
        -o Dir::Etc::Preferences=- -o Dir::Etc::PreferencesParts=- -o APT::Sandbox::User=root)
    "${apt[@]}" update
    ( cd "$private" && "${apt[@]}" download consul )
    unpack_consul "$private"/consul_*.deb "$folder"
    rm -rf "$private"
}

# On Ubuntu, whose apt sources name no mirror of Debian: from the one that mmdebstrap knows, without running anything of it.
consul_of_default_mirror() {
    local folder=$1
    rm -rf "$folder/tree"
    mmdebstrap --variant=extract --include=consul --keyring=/usr/share/keyrings bullseye "$folder/tree"
    install -m 0755 "$folder/tree/usr/bin/consul" "$folder/consul"
    rm -rf "$folder/tree"
    "$folder/consul" version
}

fetch_deb() {
    local folder=$2
    ( cd "$folder" && apt-get -o APT::Sandbox::User=root download "$1" ) && unpack_consul "$folder"/"$1"_*.deb "$folder"
}

unpack_consul() {
    local deb=$1 folder=$2
    mkdir -p "$folder/tree"
    dpkg-deb -x "$deb" "$folder/tree"
    install -m 0755 "$folder/tree/usr/bin/consul" "$folder/consul"
    rm -rf "$folder/tree" "$deb"
    "$folder/consul" version
}
