#!/bin/sh
# Is this card in the board its identity was made on? A copy that was put into another board must not come up under the address of the
# original, nor its engine in the original's place in the swarm. Plain sh, as net-rollback.sh.
#
#   clone-guard.sh              before network and engine start: compares, as the agent's CloneCheck does
#   clone-guard.sh found WHY    the agent has seen it by itself: network and engine run already
#
# identity/board has a line "NAME=VALUE" for each part of the board: serial, mac, machine-id, card, disk.
# net/original has the files of before the agent's changes and a manifest as net-rollback.sh knows it, and so has net/txn while a change
# is being tried. They come back, with two exceptions: a radio's network stays, for nobody else may know its key, and so do files whose
# copies are damaged. In those only static addresses give way to DHCP.
set -u
umask 077
export LC_ALL=C
root=${RPI_AGENT_ROOT:-}
state=${RPI_AGENT_STATE:-/var/lib/rpi-agent}
tree=${RPI_AGENT_DEVICE_TREE:-/proc/device-tree}
mark=${RPI_AGENT_CLONE_MARK:-/run/rpi-agent-clone}

say() { echo "clone-guard: $*" >&2; }

# Lower case, without what ends a text; nothing when it is zeros only or "uninitialized": a number that was never given.
plain() { tr -d '\0\r\n' | tr 'A-Z' 'a-z' | sed -e 's/^[[:space:]]*//;s/[[:space:]]*$//' -e 's/^[0:]*$//;s/^uninitialized$//'; }

first_of() {
    for file; do
        value=$(cat "$file" 2>/dev/null | plain)
        [ -z "$value" ] || { echo "$value"; return; }
    done
}

mac() {
    for address in "$root"/sys/class/net/en[!x]*/address "$root"/sys/class/net/eth*/address "$root"/sys/class/net/enx*/address "$root"/sys/class/net/wl*/address; do
        value=$(cat "$address" 2>/dev/null | plain)
        [ ${#value} != 17 ] || { echo "$value"; return; }
    done
}

here() {
    case $1 in
        serial)
            value=$(first_of "$tree/serial-number")
            [ -n "$value" ] || value=$(sed -n 's/^Serial[[:space:]]*://p' "$root/proc/cpuinfo" | plain)
            echo "$value"
            ;;
        mac) mac ;;
        machine-id) first_of "$root/etc/machine-id" ;;
        card) first_of "$root/sys/block/mmcblk0/device/cid" "$root/sys/block/nvme0n1/wwid" "$root/sys/block/sda/device/wwid" ;;
        disk) tr ' ' '\n' <"$root/proc/cmdline" | sed -n 's/^root=PARTUUID=//p' | tail -n 1 | plain ;;
    esac
}

bound() { sed -n "s/^$1=//p" "$state/identity/board" 2>/dev/null; }

# The kernel may still be looking for the network's hardware, and find a radio or an adapter first.
wait_for_mac() {
    tries=0
    while [ -n "$(bound mac)" ] && [ "$(mac)" != "$(bound mac)" ] && [ $tries -lt "${RPI_AGENT_MAC_WAIT:-5}" ]; do
        sleep 1
        tries=$((tries + 1))
    done
}

# What is different here; nothing when this is the board. Without a serial any one part may have been replaced, two have not.
difference() {
    was=$(bound serial)
    is=$(here serial)
    if [ -n "$was" ] && [ -n "$is" ]; then
        [ "$was" = "$is" ] || echo "serial $is, enrolled was $was"
        return
    fi
    wait_for_mac
    count=0
    parts=
    for part in mac machine-id card disk; do
        was=$(bound $part)
        is=$(here $part)
        [ -z "$was" ] || [ -z "$is" ] || [ "$was" = "$is" ] || { count=$((count + 1)) parts="$parts $part"; }
    done
    [ $count -lt 2 ] || echo "other$parts than at enrolment"
}

# put MODE OWNER PATH TEXT: whole or not at all.
put() {
    new=$(dirname "$3")/.$(basename "$3").rpi-new
    printf '%s\n' "$4" >"$new" && chown "$2" "$new" && chmod "$1" "$new" && sync "$new" && mv -f "$new" "$3" && return
    rm -f "$new"
    say "$3 cannot be written: its address may be the original's"
}

# Static addresses of interfaces(5) and of a profile of NetworkManager give way to DHCP.
without_addresses() {
    awk '
        /^\[/ { section = $0 }
        section == "[ipv4]" && /^(address|addresses|gateway|dns|route)[0-9]*=/ { next }
        section == "[ipv4]" && /^method=/ { print "method=auto"; next }
        $1 ~ /^(iface|auto|allow-.*|mapping|source|source-directory|no-.*|rename|template)$/ { fixed = $1 == "iface" && $3 == "inet" && $4 == "static" }
        $1 == "iface" && fixed { sub(/[ \t]static/, " dhcp") }
        fixed && $1 ~ /^(address|netmask|broadcast|network|gateway|pointopoint|dns-.*)$/ { next }
        { print }' "$1"
}

loosen() {
    text=$(without_addresses "$1") && put "$(stat -c %a "$1")" "$(stat -c %u:%g "$1")" "$1" "$text"
}

# The network of a radio, its key, its country.
is_radio() {
    case $1 in
        */wpa_supplicant/rpi-agent-*.conf | */modprobe.d/rpi-agent-wifi.conf) return 0 ;;
    esac
    grep -Eqs '^[[:space:]]*wpa-(conf|ssid)|^type=(wifi|802-11-wireless)' "$1"
}

put_back() {
    [ -s "$1/manifest" ] || return 0
    while read -r number mode uid gid existed before _ path; do
        [ -n "$path" ] || continue
        if [ -e "$path" ] && is_radio "$path"; then
            loosen "$path"
        elif [ "$existed" != 1 ]; then
            rm -f "$path"
        elif [ "$(sha256sum <"$1/$number.before" | cut -d' ' -f1)" = "$before" ]; then
            new=$(dirname "$path")/.$(basename "$path").rpi-new
            { cp "$1/$number.before" "$new" && chown "$uid:$gid" "$new" && chmod "$mode" "$new" && sync "$new" && mv -f "$new" "$path"; } ||
                say "$path cannot be written: its address may be the original's"
        else
            say "the copy of $path is damaged: only its static addresses are taken away"
            [ ! -e "$path" ] || loosen "$path"
        fi
        sync "$(dirname "$path")"
    done <"$1/manifest"
}

# With the configuration that is in force still in place.
stop_all() {
    systemctl stop docker.socket docker.service
    ! command -v ifdown >/dev/null || ifdown -a --force --exclude=lo
}

start_network() {
    if command -v ifup >/dev/null; then
        ifup -a
        ifup -a --allow=hotplug
    fi
    systemctl is-active --quiet NetworkManager.service || return 0
    nmcli connection reload
    for interface in $(nmcli -t -f DEVICE,TYPE device | sed -n 's/:\(ethernet\|wifi\)$//p'); do
        nmcli --wait 30 device connect "$interface"
    done
}

found=
[ "${1:-}" != found ] || found=$2
why=$found
[ -n "$why" ] || [ ! -e "$state/identity/node.pem" ] || why=$(difference)
if [ -z "$why" ]; then
    rm -f "$mark"
    exit 0
fi
say "the identity on this card was made on another board ($why): the network goes back to what it was before the agent, and docker stays off"
echo "$why" >"$mark"
[ -z "$found" ] || stop_all
for copies in "$state/net/txn" "$state/net/original"; do
    put_back "$copies"
done
[ -z "$found" ] || start_network
