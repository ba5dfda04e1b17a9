# shellcheck shell=bash
# What the owner of the boards does: puts the agent on the cards and a boot file on the boot partition, waits.

# The boards' image with the agent's package in it: what a flashed card has.
agent_image() { printf 'rpi-try/agent-%s:%s-%s' "$1" "${PI_IMAGES[$1]#*:}" "$(installation_key "$AGENT_PACKAGE")"; }

build_agent_image() { build_packaged_image "$(agent_image "$1")" "${PI_IMAGES[$1]}" "$AGENT_PACKAGE"; }

# flash_board NAME OS: a board with a fresh card in it.
flash_board() {
    new_board "$1" "$2"
    create_board "$1" "$(agent_image "$2")"
    installation_key "$AGENT_PACKAGE" >"$(board_folder "$1")/agent.from"
}

# install_agent NAME: an upgrade by the package, of a board that has another one.
install_agent() {
    local name=$1 note wanted
    note=$(board_folder "$name")/agent.from
    wanted=$(installation_key "$AGENT_PACKAGE")
    [ "$(cat "$note" 2>/dev/null)" != "$wanted" ] || return 0
    board_running "$name" || start_board "$name"
    wait_until 60 board_booted "$name"
    install_package "$(board_container "$name")" "$AGENT_PACKAGE"
    echo "$wanted" >"$note"
}

# write_boot_file NAME TOKEN
# RPI_TRY_CARDS=bare: no names, which the cluster then allots, and on every second card no address of the coordinator.
write_boot_file() {
    local file
    file=$(board_folder "$1")/boot/rpi-agent.yaml
    {
        echo "version: 1"
        [ "${RPI_TRY_CARDS:-}" = bare ] || echo "hostname: $1"
        [[ ${RPI_TRY_CARDS:-} = bare && $1 = *[02468] ]] || echo "coordinator: {url: 'https://$LAN.$COORDINATOR_HOST:7444'}"
        echo "join_token: $2"
    } >"$file.part"
    mv "$file.part" "$file"
}

board_enrolled() { rpictl node ls --json | jq -e --arg name "$1" 'any(.[]; .name == $name)' >/dev/null; }

# Says of each board what an administrator would look at.
why_not_ready() {
    local name
    rpictl node ls || true
    for name in $(board_names); do
        echo "-- $name: $(board_state "$name"), $(board_addresses "$name" | xargs)"
        in_board "$name" systemctl show rpi-agent -p ActiveState -p StatusText || true
        in_board "$name" journalctl --no-pager -o cat -n 5 -u rpi-agent || true
    done
}

nodes_ready() {
    local count
    count=$(rpictl node ls --json 2>/dev/null | jq '[.[] | select(.state == "ready")] | length') && [ "${count:-0}" -ge "$1" ]
}
