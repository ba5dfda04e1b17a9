# shellcheck shell=bash
# The coordinator host: a machine like a board, at a fixed address, with Consul, the coordinator and rpictl.

COORDINATOR=$PREFIX-coordinator
COORDINATOR_STATE=$STATE/coordinator        # its /var/lib/rpi-coordinator
in_coordinator() { engine exec "$COORDINATOR" "$@"; }

coordinator_image() { printf 'rpi-try/coordinator:%s-%s' "${PI_IMAGES[${OPERATING_SYSTEMS[0]}]#*:}" "$(installation_key "$COORDINATOR_PACKAGE")"; }

build_coordinator_image() { build_packaged_image "$(coordinator_image)" "${PI_IMAGES[${OPERATING_SYSTEMS[0]}]}" "$COORDINATOR_PACKAGE"; }

create_coordinator() {
    mkdir -p "$COORDINATOR_STATE"
    create_machine "$COORDINATOR" "$(coordinator_image)" --hostname coordinator --ip "$LAN.$COORDINATOR_HOST" \
        -v "$COORDINATOR_STATE:/var/lib/rpi-coordinator"
    settle_coordinator
    unpack_rpictl
}

# What an administrator sets up on that machine beside the package: its address, Consul, the coordinator's configuration.
settle_coordinator() {
    local tree=$STATE/install/host name
    rm -rf "$tree"
    mkdir -p "$tree"/{etc/network,etc/rpi-coordinator,etc/systemd/system,usr/bin,usr/lib/virtual-pi/card}
    coordinator_interfaces >"$tree/etc/network/interfaces"
    coordinator_settings >"$tree/etc/rpi-coordinator/coordinator.json"
    echo "nameserver $LAN.1" >"$tree/usr/lib/virtual-pi/card/resolv.conf"
    echo coordinator >"$tree/usr/lib/virtual-pi/card/hostname"
    printf '127.0.0.1\tlocalhost\n127.0.1.1\tcoordinator\n' >"$tree/usr/lib/virtual-pi/card/hosts"
    cp "$CACHE/consul/consul" "$tree/usr/bin/consul"
    for name in docker.service docker.socket containerd.service; do      # no boards' engine on this machine
        ln -s /dev/null "$tree/etc/systemd/system/$name"
    done
    engine cp "$tree/." "$COORDINATOR:/"
}

# The operator's program for this machine, from the same package, not installed here.
unpack_rpictl() {
    local tree=$STATE/install/coordinator
    rm -rf "$tree"
    mkdir -p "$tree"
    dpkg-deb -x "$COORDINATOR_PACKAGE" "$tree"
    installation_key "$COORDINATOR_PACKAGE" >"$STATE/install/coordinator.from"
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
    [ "$(cat "$STATE/install/coordinator.from")" = "$(installation_key "$COORDINATOR_PACKAGE")" ] || upgrade_coordinator
    wait_until 90 coordinator_answers || { in_coordinator journalctl --no-pager -n 40 -u 'rpi-*'; return 1; }
}

upgrade_coordinator() {
    wait_until 60 coordinator_booted
    install_package "$COORDINATOR" "$COORDINATOR_PACKAGE"
    unpack_rpictl
}

coordinator_booted() { [[ $(in_coordinator systemctl is-system-running 2>/dev/null) =~ running|degraded ]]; }

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
