# shellcheck shell=bash
# One board: a container that boots like a Raspberry Pi with a fresh card. STATE/boards/NAME is what its owner has
# in hand: the boot partition of the card and the numbers printed on the board.

board_container() { printf '%s-%s' "$PREFIX" "$1"; }
board_folder()    { printf '%s/boards/%s' "$STATE" "$1"; }
board_exists()    { engine container inspect "$(board_container "$1")" >/dev/null 2>&1; }
board_running()   { [ "$(engine container inspect -f '{{.State.Running}}' "$(board_container "$1")" 2>/dev/null)" = true ]; }
board_names()     { find "$STATE/boards" -mindepth 1 -maxdepth 1 -name 'pi*' -printf '%f\n' 2>/dev/null | sort -V; }
in_board()        { local name=$1; shift; engine exec "$(board_container "$name")" "$@"; }

need_board() {
    [ -n "${1:-}" ] || die "Which board?" "Boards: $(board_names | xargs)"
    [ -d "$(board_folder "$1")" ] || die "There is no board $1" "Boards: $(board_names | xargs)"
}

# new_board NAME OS: serial and MAC as on a board: 16 hex digits, whose last six also end the MAC address.
new_board() {
    local name=$1 folder hash serial
    folder=$(board_folder "$name")
    [ ! -d "$folder" ] || return 0
    mkdir -p "$folder/boot" "$folder/device-tree"
    echo "$2" >"$folder/os"
    hash=$(printf '%s %s' "$INSTANCE" "$name" | sha256sum)
    serial=10000000${hash:0:8}
    printf '%s\0' "$serial" >"$folder/device-tree/serial-number"
    printf 'Raspberry Pi 4 Model B Rev 1.4\0' >"$folder/device-tree/model"
    printf 'raspberrypi,4-model-b\0brcm,bcm2711\0' >"$folder/device-tree/compatible"
    printf 'b8:27:eb:%s:%s:%s\n' "${serial:10:2}" "${serial:12:2}" "${serial:14:2}" >"$folder/mac"
}

# Every capability this machine can give and the client knows, except those a board has no use for.
capability_arguments() {
    local bounding name number=0
    bounding=$((16#$(awk '/^CapBnd/ { print $2 }' /proc/self/status)))
    for name in CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE \
        NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE \
        SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL \
        SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ; do
        (( bounding >> number & 1 )) && printf -- '--cap-add\n%s\n' "$name"
        number=$((number + 1))
    done
}

cgroup_arguments() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        printf -- '--cgroupns\nprivate\n'
    else
        printf -- '--cgroupns\nhost\n-v\n/sys/fs/cgroup:/sys/fs/cgroup:rw\n'
    fi
}

# create_machine CONTAINER IMAGE ENGINE_ARGUMENTS…: what boards and the coordinator host have in common.
create_machine() {
    local container=$1 image=$2 arguments
    shift 2
    mapfile -t arguments < <(capability_arguments; cgroup_arguments)
    [ ! -d /lib/modules ] || arguments+=(-v /lib/modules:/lib/modules:ro)
    engine create --name "$container" --label "$LABEL" "${arguments[@]}" \
        --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
        --device-cgroup-rule 'a *:* rwm' --stop-signal SIGRTMIN+3 --restart on-failure -e container=docker -e RpiAgent__DeviceTree=/usr/lib/virtual-pi/device-tree \
        --tmpfs /run --tmpfs /run/lock --tmpfs /tmp --network "$PREFIX" "$@" "$image"
}

# create_board NAME IMAGE
create_board() {
    local name=$1 folder container
    folder=$(board_folder "$name")
    container=$(board_container "$name")
    engine volume create --label "$LABEL" "$container"
    create_machine "$container" "$2" --hostname raspberrypi --mac-address "$(cat "$folder/mac")" \
        -v "$container:/var/lib/docker" -v "$folder/boot:/boot/firmware"
    engine cp "$folder/device-tree/." "$container:/usr/lib/virtual-pi/device-tree/"
}

# copy_board FROM NAME: the card of a board, copied while the board runs, in another board.
copy_board() {
    local from=$1 name=$2 folder image
    folder=$(board_folder "$name")
    image=$(engine commit --pause=false --change "LABEL rpi-try-copy=$INSTANCE" "$(board_container "$from")")
    new_board "$name" "$(cat "$(board_folder "$from")/os")"
    cp -a "$(board_folder "$from")/boot/." "$folder/boot/"
    cp "$(board_folder "$from")/agent.from" "$folder/"
    create_board "$name" "$image"
    cp -a "$(volume_of "$from")/." "$(volume_of "$name")/"
}

volume_of() { engine volume inspect -f '{{.Mountpoint}}' "$(board_container "$1")"; }

# start_board: power on.
start_board() { engine start "$(board_container "$1")" >/dev/null; }

# kill_board: power cut. Nothing is written, nobody is told.
kill_board() { engine kill "$(board_container "$1")" >/dev/null; }

# cut_board / heal_board: pulls the network cable at the switch and puts it back.
cut_board()  { ip link set "$(switch_port "$1")" down; }
heal_board() { ip link set "$(switch_port "$1")" up; }

switch_port() {
    local index
    index=$(in_board "$1" cat /sys/class/net/eth0/iflink)
    ip -o link show | awk -F': ' -v index_="$index" '$1 == index_ { sub(/@.*/, "", $2); print $2 }'
}

board_state() {
    if ! board_running "$1"; then echo off
    elif [ "$(cat "/sys/class/net/$(switch_port "$1")/operstate" 2>/dev/null)" = down ]; then echo "on, cable cut"
    else echo on
    fi
}

board_addresses() { in_board "$1" ip -4 -br addr show eth0 2>/dev/null | awk '{ print $3 }'; }

board_booted() { [[ $(in_board "$1" systemctl is-system-running 2>/dev/null) =~ running|degraded ]]; }
