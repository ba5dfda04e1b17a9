# shellcheck shell=bash
# What the owner of the boards does: puts the agent on the cards and a boot file on the boot partition, waits.

# What `deploy/install.sh` or the card's image brings: the program and its unit.
install_agent() {
    local name=$1 tree=$STATE/install/agent wanted
    wanted=$(program_and_units "$AGENT_PROGRAM")
    [ "$(cat "$(board_folder "$name")/agent.from" 2>/dev/null)" != "$wanted" ] || return 0
    if [ "$(cat "$tree.from" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$tree"
        mkdir -p "$tree"/{usr/lib/rpi-agent,usr/bin,etc/systemd/system/{multi-user,sysinit}.target.wants}
        cp -r "$AGENT_PROGRAM/." "$tree/usr/lib/rpi-agent/"
        ln -s /usr/lib/rpi-agent/rpi-agent "$tree/usr/bin/rpi-agent"
        cp "$REPOSITORY"/deploy/systemd/rpi-agent*.service "$tree/etc/systemd/system/"
        ln -s /etc/systemd/system/rpi-agent.service "$tree/etc/systemd/system/multi-user.target.wants/rpi-agent.service"
        cp "$REPOSITORY/deploy/systemd/net-rollback.sh" "$tree/usr/lib/rpi-agent/"
        ln -s /etc/systemd/system/rpi-agent-net-rollback.service "$tree/etc/systemd/system/sysinit.target.wants/rpi-agent-net-rollback.service"
        echo "$wanted" >"$tree.from"
    fi
    ! board_running "$name" || in_board "$name" systemctl stop rpi-agent || true
    engine cp "$tree/." "$(board_container "$name"):/"
    ! board_running "$name" || in_board "$name" sh -c 'systemctl daemon-reload && systemctl restart rpi-agent'
    echo "$wanted" >"$(board_folder "$name")/agent.from"
}

# write_boot_file NAME TOKEN
write_boot_file() {
    local file
    file=$(board_folder "$1")/boot/rpi-agent.yaml
    cat >"$file.part" <<EOF
version: 1
hostname: $1
coordinator:
  url: https://$LAN.$COORDINATOR_HOST:7444
join_token: $2
EOF
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
