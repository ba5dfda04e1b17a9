# shellcheck shell=bash
# The verbs of try.sh.

up_verb() {
    local nodes=3 stack=yes os=${OPERATING_SYSTEMS[0]} started
    while [ $# -gt 0 ]; do
        case $1 in
            --nodes) nodes=${2:-}; shift 2 || shift ;;
            --nodes=*) nodes=${1#*=}; shift ;;
            --no-stack) stack=no; shift ;;
            --os) os=${2:-}; shift 2 || shift ;;
            --os=*) os=${1#*=}; shift ;;
            *) usage >&2; exit 64 ;;
        esac
    done
    [[ $nodes =~ ^([1-9]|[12][0-9]|30)$ ]] || { say "--nodes takes a number from 1 to 30"; exit 64; }
    need_os "$os"
    started=$(now_ms)
    build "$stack" "$os"
    say "Home network and coordinator"
    step "network with its router" locked lan make_network
    read_lan
    step "coordinator host: CA, Consul, coordinator" coordinator_up
    say "Power on"
    step "$nodes boards" boards_up "$nodes" "$os"
    step "every board enrolled, configured and Ready" nodes_up "$nodes"
    if [ "$stack" = yes ]; then
        say "WordPress"
        stack_up
    fi
    say "Done in $(( ($(now_ms) - started) / 1000 )) s."
    [ "$stack" = no ] || site_address
}

# All that `up` and `add` build, and nothing is started.
build_verb() {
    [ $# = 0 ] || { usage >&2; exit 64; }
    build yes "${OPERATING_SYSTEMS[@]}"
}

# build STACK OS…
build() {
    mkdir -p "$CACHE" "$STATE"
    chmod 0700 "$STATE"
    : >"$LOG"
    exec 9>"$STATE/lock"
    flock -n 9 || die "Another try.sh is at work on the rig '$INSTANCE'"
    say "Preparing this machine"
    prepare_machine
    say "Building (kept in $CACHE)"
    build_everything "$@"
}

prepare_machine() {
    local packages
    name_packages
    refresh_apt_lists
    mapfile -t packages < <(packages_for_rig; packages_built || packages_for_build)
    install_packages "${packages[@]}"
    packages_built || need_dotnet
    step "Consul" locked consul get_consul
    note "Consul from: $(cat "$CACHE/consul/from")"
    if ! find_engine; then
        step "starting a Docker engine of our own" locked engine start_own_engine
        find_engine
    fi
    load_modules
    allow_inotify
    name_images
}

# What engines inside the boards would load on a real machine; built in, or loaded here if this machine has modules.
load_modules() {
    local module
    for module in overlay bridge br_netfilter veth vxlan ip_vs xt_conntrack nft_chain_nat; do
        modprobe -q "$module" 2>/dev/null || true
    done
}

# Each machine of the rig holds about eight inotify instances of root, of which Linux gives 128.
allow_inotify() {
    local limit=/proc/sys/fs/inotify/max_user_instances before
    before=$(cat "$limit")
    [ "$before" -lt 1024 ] || return 0
    if echo 1024 2>/dev/null >"$limit"; then
        note "fs.inotify.max_user_instances: $before before, 1024 until this machine restarts"
    else
        note "fs.inotify.max_user_instances is $before and cannot be raised here: room for about $((before / 8 - 2)) Pis"
    fi
}

# build_everything STACK OS…: the programs are built aside, while Debian's packages for the images are on their way.
build_everything() {
    local stack=$1 os
    shift
    aside programs locked "build-$(checkout_key)-$(machine_architecture)" build_packages
    for os in $(printf '%s\n' "${OPERATING_SYSTEMS[0]}" "$@" | sort -u); do
        build_os "$os"
    done
    [ "$stack" = no ] || step "images of WordPress: caddy, php, mysql (about two minutes)" locked images build_wordpress_images
    step "packages of agent and coordinator (.NET, ahead of time: some minutes)" wait_aside programs
    name_package_files
    step "image of the coordinator host" locked images build_coordinator_image
    for os in "$@"; do
        step "image of a board with its agent, $os" locked images build_agent_image "$os"
    done
}

# The coordinator host and the boards may run different ones.
build_os() {
    step "base system, $1 (about half a minute)" locked images make_base_system "$1"
    step "base image, $1" locked images import_base "$1"
    step "image of the virtual Pi, $1 (about half a minute)" locked images build_pi_image "$1"
}

make_network() { choose_lan && make_lan; }

# boards_up COUNT OS: those that are there keep their operating system.
boards_up() {
    local number name token starting=()
    for number in $(seq "$1"); do
        name=pi$number
        if ! board_exists "$name"; then
            flash_board "$name" "$2"
        fi
        if ! board_enrolled "$name"; then
            token=${token:-$(new_token "$1")}
            write_boot_file "$name" "$token"
        fi
        install_agent "$name"
    done
    for number in $(seq "$1"); do
        { board_running "pi$number" || start_board "pi$number"; } &
        starting+=($!)
    done
    for number in "${starting[@]}"; do
        wait "$number"              # a board that did not start fails this step
    done
}

nodes_up() { wait_until 180 nodes_ready "$1" || { why_not_ready; return 1; }; }

stack_up() {
    step "loading the images" load_wordpress_images
    step "stack deploy" deploy_wordpress
    step "install page answers" wait_for_site
}

# Sets what the other verbs need; says so when there is no rig.
need_lan() { read_lan || die "There is no rig '$INSTANCE' on this machine" "Start it: deploy/try.sh up"; }

need_rig() {
    need_lan
    find_engine || die "The Docker engine of the rig does not answer" "Start it again: deploy/try.sh up"
    name_images
}

status_verb() {
    local name
    need_rig
    printf '%-14s %-14s %s\n' BOARD POWER ADDRESS
    printf '%-14s %-14s %s\n' coordinator "$(engine container inspect -f '{{.State.Status}}' "$COORDINATOR")" "$LAN.$COORDINATOR_HOST"
    for name in $(board_names); do
        printf '%-14s %-14s %s\n' "$name" "$(board_state "$name")" "$(board_addresses "$name")"
    done
    echo
    rpictl node ls && rpictl stack ls
}

exec_verb() {
    local name=${1:-} terminal=-i
    shift || true
    [ $# -gt 0 ] || die "What is to be run?" "deploy/try.sh exec pi1 COMMAND…"
    [ "$name" = coordinator ] || need_board "$name"
    [ ! -t 0 ] || [ ! -t 1 ] || terminal=-it
    exec "${ENGINE[@]}" exec "$terminal" "$PREFIX-$name" "$@"
}

kill_verb()  { need_board "${1:-}"; board_running "$1" || die "$1 is off already"; kill_board "$1"; note "$1 has no power"; }
start_verb() { need_board "${1:-}"; start_board "$1"; note "$1 is on"; }
cut_verb()   { need_board "${1:-}"; board_running "$1" || die "$1 is off"; cut_board "$1"; note "$1 has no network"; }
heal_verb()  { need_board "${1:-}"; board_running "$1" || die "$1 is off"; heal_board "$1"; note "$1 is on the network"; }

# add [--os OS]
add_verb() {
    local count os=${OPERATING_SYSTEMS[0]}
    case ${1:-} in
        '') ;;
        --os) os=${2:-} ;;
        --os=*) os=${1#*=} ;;
        *) usage >&2; exit 64 ;;
    esac
    need_os "$os"
    need_rig
    name_packages
    packages_built || die "The programs changed since they were built" "Run deploy/try.sh up first."
    count=$(( $(board_names | wc -l) + 1 ))
    build_os "$os"
    step "image of a board with its agent, $os" locked images build_agent_image "$os"
    step "board pi$count" boards_up "$count" "$os"
    step "pi$count enrolled, configured and Ready" nodes_up "$count"
}

# A board on the same network whose card has no boot file: nobody's node, to try out what a person types on it.
loose_verb() {
    local name=${1:-} os=${OPERATING_SYSTEMS[0]}
    [[ $name =~ ^[a-z]{1,8}[0-9]{0,2}$ && $name != pi* && $name != coordinator ]] || { say "loose takes a name such as bench1, not of a node"; exit 64; }
    [ "${2:-}" != --os ] || os=${3:-}
    need_os "$os"
    need_rig
    name_packages
    packages_built || die "The programs changed since they were built" "Run deploy/try.sh up first."
    if ! board_exists "$name"; then
        build_os "$os"
        step "image of a board with its agent, $os" locked images build_agent_image "$os"
        step "board $name" flash_board "$name" "$os"
    fi
    board_running "$name" || start_board "$name"
    step "$name booted" wait_until 60 board_booted "$name"
}

# copy piN NAME: another board (other serial, other MAC) with a copy of that Pi's card.
copy_verb() {
    local from=${1:-} name=${2:-}
    [[ $name =~ ^[a-z]{1,8}[0-9]?$ && $name != pi* && $name != coordinator ]] || { say "copy takes a Pi and a name such as double"; exit 64; }
    need_rig
    need_board "$from"
    ! board_exists "$name" || die "There is a board $name already"
    step "board $name with a copy of the card of $from" copy_board "$from" "$name"
    start_board "$name"
    step "$name booted" wait_until 60 board_booted "$name"
}

down_verb() {
    [ "${1:-}" = --all ] || [ $# = 0 ] || { usage >&2; exit 64; }
    [ -d "$STATE" ] || { mkdir -p "$STATE"; }
    if find_engine || { [ -d "$CACHE/engine" ] && start_own_engine && find_engine; }; then
        step "boards, coordinator, volumes, network" remove_rig
        [ "${1:-}" != --all ] || step "images" remove_images
        [ "$ENGINE_SOCKET" != "$(own_engine_socket)" ] || step "the engine we started" stop_own_engine
    elif read_lan; then
        die "The Docker engine of the rig does not answer" "Start it, then down again: boards, bridge and rules are still there."
    fi
    rm -rf "$STATE"
    rmdir "$(dirname "$STATE")" 2>/dev/null || true
    [ "${1:-}" != --all ] || [ -d "$RUN/engine" ] || rm -rf "$CACHE"
}

remove_rig() {
    local container volumes
    mapfile -t volumes < <(engine volume ls -q --filter "label=$LABEL")
    note_inner_containers "${volumes[@]}"
    for container in $(engine ps -aq --filter "label=$LABEL"); do
        engine rm -fv "$container"
    done
    [ ${#volumes[@]} = 0 ] || engine volume rm -f "${volumes[@]}"
    engine image ls -q --filter "label=rpi-try-copy=$INSTANCE" | xargs -r "${ENGINE[@]}" image rm -f
    remove_lan
    remove_inner_cgroups
}

# On cgroup v1 the containers of a board's engine leave empty groups on this machine when the board is removed.
note_inner_containers() {
    local volume
    for volume in "$@"; do
        ls "$(engine volume inspect -f '{{.Mountpoint}}' "$volume")/containers" 2>/dev/null || true
    done >"$STATE/inner-containers"
}

remove_inner_cgroups() {
    local id
    [ ! -e /sys/fs/cgroup/cgroup.controllers ] || return 0
    while read -r id; do
        find /sys/fs/cgroup/*/docker/"$id" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done <"$STATE/inner-containers"
}
