# shellcheck shell=bash
# The coordinator host: a machine like a board, at a fixed address, with Consul, the coordinator and rpictl.

COORDINATOR=$PREFIX-coordinator
COORDINATOR_STATE=$STATE/coordinator        # its /var/lib/rpi-coordinator
in_coordinator() { engine exec "$COORDINATOR" "$@"; }

create_coordinator() {
    mkdir -p "$COORDINATOR_STATE"
    create_machine "$COORDINATOR" "${OPERATING_SYSTEMS[0]}" --hostname coordinator --ip "$LAN.$COORDINATOR_HOST" \
        -v "$COORDINATOR_STATE:/var/lib/rpi-coordinator"
    install_coordinator
}

# What an administrator would copy onto that machine.
install_coordinator() {
    local tree=$STATE/install/coordinator units=$REPOSITORY/deploy/systemd name
    rm -rf "$tree"
    mkdir -p "$tree"/{etc/network,etc/rpi-coordinator,usr/bin,usr/lib/rpi-coordinator,usr/lib/sysusers.d,usr/lib/virtual-pi/card} \
        "$tree/etc/systemd/system/multi-user.target.wants"
    coordinator_interfaces >"$tree/etc/network/interfaces"
    coordinator_settings >"$tree/etc/rpi-coordinator/coordinator.json"
    echo "nameserver $LAN.1" >"$tree/usr/lib/virtual-pi/card/resolv.conf"
    echo coordinator >"$tree/usr/lib/virtual-pi/card/hostname"
    printf '127.0.0.1\tlocalhost\n127.0.1.1\tcoordinator\n' >"$tree/usr/lib/virtual-pi/card/hosts"
    cp -r "$COORDINATOR_PROGRAM/." "$tree/usr/lib/rpi-coordinator/"
    cp "$CACHE/consul/consul" "$tree/usr/bin/consul"
    ln -s /usr/lib/rpi-coordinator/rpi-coordinator "$tree/usr/bin/rpi-coordinator"
    ln -s /usr/lib/rpi-coordinator/rpi-coordinator "$tree/usr/bin/rpictl"
    cp "$units/rpi-coordinator.sysusers" "$tree/usr/lib/sysusers.d/rpi-coordinator.conf"
    for name in rpi-coordinator-init rpi-consul rpi-coordinator; do
        cp "$units/$name.service" "$tree/etc/systemd/system/"
        ln -s "/etc/systemd/system/$name.service" "$tree/etc/systemd/system/multi-user.target.wants/$name.service"
    done
    for name in docker.service docker.socket containerd.service; do      # no boards' engine on this machine
        ln -s /dev/null "$tree/etc/systemd/system/$name"
    done
    engine cp "$tree/." "$COORDINATOR:/"
    program_and_units "$COORDINATOR_PROGRAM" >"$STATE/install/coordinator.from"
}

coordinator_interfaces() {
    cat <<EOF
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet static
    address $LAN.$COORDINATOR_HOST
    netmask 255.255.255.0
    gateway $LAN.1
EOF
}

coordinator_settings() {
    cat <<EOF
{
  "Coordinator": {
    "AdvertiseAddress": "$LAN.$COORDINATOR_HOST",
    "Network": {
      "Pool": "$LAN.$POOL_FIRST-$LAN.$POOL_LAST",
      "PrefixLength": 24,
      "Gateway": "$LAN.1",
      "Dns": ["$LAN.1"]
    }
  }
}
EOF
}

coordinator_up() {
    engine container inspect "$COORDINATOR" >/dev/null 2>&1 || create_coordinator
    engine start "$COORDINATOR"
    [ "$(cat "$STATE/install/coordinator.from")" = "$(program_and_units "$COORDINATOR_PROGRAM")" ] || replace_coordinator
    wait_until 90 coordinator_answers || { in_coordinator journalctl --no-pager -n 40 -u 'rpi-*'; return 1; }
}

replace_coordinator() {
    in_coordinator systemctl stop rpi-coordinator
    install_coordinator
    in_coordinator systemctl daemon-reload
    in_coordinator systemctl restart rpi-coordinator
}

# It leads, so that orders are taken.
coordinator_answers() {
    in_coordinator systemctl -q is-active rpi-consul 2>/dev/null &&
        in_coordinator systemctl -q is-active rpi-coordinator &&
        rpictl token ls >/dev/null 2>&1
}

# rpictl WORDS…: an operator's program on this machine, with the credentials the coordinator made for its operator.
rpictl() {
    RPICTL_COORDINATOR=https://$LAN.$COORDINATOR_HOST:7444 RPICTL_CREDENTIALS=$COORDINATOR_STATE \
        bash -c 'exec -a rpictl "$0" "$@"' "$STATE/install/coordinator/usr/lib/rpi-coordinator/rpi-coordinator" "$@"
}

# new_token USES
new_token() { rpictl token create --uses "$1" --json | jq -er .token; }
