# shellcheck shell=bash
# The home LAN: a bridge of its own, with a DHCP and DNS server on the gateway address as a router has.

LAN=            # the first three numbers, as in 192.168.77
read_lan() { [ -s "$STATE/lan" ] && LAN=$(cat "$STATE/lan"); }

# Takes the first candidate that no route and no engine network of this machine touches.
choose_lan() {
    local n
    read_lan && return
    for n in {77..99} {150..199}; do
        lan_is_free "192.168.$n.0/24" || continue
        echo "192.168.$n" >"$STATE/lan"
        return
    done
    echo "no free /24 network between 192.168.77.0 and 192.168.199.0"
    return 1
}

lan_is_free() {
    [ -z "$(ip -4 route show table all root "$1")" ] &&
        ! ip -4 route show table all match "$1" | grep -qv '^default' &&
        ! engine network ls -q | xargs -r "${ENGINE[@]}" network inspect \
            --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' | grep -qF "${1%0/24}"
}

make_lan() {
    read_lan
    engine network inspect "$PREFIX" >/dev/null 2>&1 ||
        engine network create --label "$LABEL" --driver bridge --subnet "$LAN.0/24" --gateway "$LAN.1" \
            --ip-range "$LAN.240/28" -o "com.docker.network.bridge.name=$BRIDGE" "$PREFIX"
    lan_rules add
    start_router
}

# Rules for our bridge only; each is marked, so that it can be told from others and taken away.
lan_rules() {
    local action=$1 mark=(-m comment --comment "rpi-try $INSTANCE")
    lan_rule "$action" filter INPUT -i "$BRIDGE" -p udp -m multiport --dports 53,67 "${mark[@]}" -j ACCEPT
    lan_rule "$action" filter INPUT -i "$BRIDGE" -p tcp --dport 53 "${mark[@]}" -j ACCEPT
    [ "$ENGINE_SOCKET" = "$(own_engine_socket)" ] || return 0
    lan_rule "$action" filter FORWARD -i "$BRIDGE" "${mark[@]}" -j ACCEPT
    lan_rule "$action" filter FORWARD -o "$BRIDGE" "${mark[@]}" -j ACCEPT
    lan_rule "$action" nat POSTROUTING -s "$LAN.0/24" ! -o "$BRIDGE" "${mark[@]}" -j MASQUERADE
}

lan_rule() {
    local action=$1 table=$2 chain=$3
    shift 3
    if [ "$action" = add ]; then
        iptables -w -t "$table" -C "$chain" "$@" 2>/dev/null || iptables -w -t "$table" -I "$chain" "$@"
    else
        iptables -w -t "$table" -D "$chain" "$@" 2>/dev/null || true
    fi
}

router_pid() { [ -s "$STATE/router.pid" ] && [ "$(cat "/proc/$(cat "$STATE/router.pid")/comm" 2>/dev/null)" = dnsmasq ]; }

start_router() {
    router_pid && return
    dnsmasq --conf-file=/dev/null --pid-file="$STATE/router.pid" --dhcp-leasefile="$STATE/leases" --user=root \
        --interface="$BRIDGE" --except-interface=lo --bind-interfaces --no-hosts \
        --dhcp-range="$LAN.$DHCP_FIRST,$LAN.$DHCP_LAST,12h" --dhcp-option="option:router,$LAN.1" \
        --dhcp-authoritative --no-ping --log-facility="$STATE/router.log" --log-dhcp 8>&- 9>&-
}

remove_lan() {
    read_lan || return 0
    ! router_pid || kill "$(cat "$STATE/router.pid")"
    lan_rules remove
    engine network rm "$PREFIX" >/dev/null 2>&1 || true
}
