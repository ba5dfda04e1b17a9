#!/bin/sh
# Takes an interface, or the engine, down and up with the files that are in place. Used by net-rollback.sh and, by systemd-run, by the
# agent: what is started here must live outside of the agent's control group and sandbox.
#
#   net-link.sh down IFACE KIND             stops an interface of ifupdown
#   net-link.sh up IFACE KIND [PROFILE]     starts it; KIND and PROFILE as in txn/link, see net-rollback.sh
#   net-link.sh keep IFACE SINCE            takes away NetworkManager's own ways back of this interface that were made since then,
#                                           in seconds of this boot
#   net-link.sh radio COUNTRY               unblocks the radio, which is off until a country is set
set -u
manager=org.freedesktop.NetworkManager
manager_path=/org/freedesktop/NetworkManager

# DHCP clients of this interface and of this network namespace; those of containers are not ours.
stop_dhcp_clients() {
    for process in /proc/[0-9]*; do
        read -r command 2>/dev/null <"$process/comm" || continue
        case $command in dhclient | udhcpc | dhcpcd*) ;; *) continue ;; esac
        [ "$(readlink "$process/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
        if tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qx -- "$1"; then
            kill "${process#/proc/}"
        fi
    done
}

# An engine that hangs would take as long as its unit lets it, and the node would be without one meanwhile.
engine_down() {
    if [ "$(systemctl show --property=ActiveState --value "$1")" != activating ]; then
        timeout 12 systemctl stop "$1" && return
    fi
    systemctl kill --kill-who=main --signal=KILL "$1" 2>/dev/null
}

down() {
    case $2 in
        networkmanager) return 0 ;;
        engine) engine_down "$1"; return 0 ;;
    esac
    [ "$2" != hotplug ] || systemctl stop "ifup@$1.service"
    systemctl stop "rpi-agent-ifup-$1.service" 2>/dev/null
    systemctl reset-failed "rpi-agent-ifup-$1.service" 2>/dev/null
    ifdown --force "$1" 2>&1
    stop_dhcp_clients "$1"
    ip -4 addr flush dev "$1"
}

# started COMMAND: systemd goes on trying, so a DHCP server that is away is waited for no longer than this.
started() {
    timeout 45 "$@"
    case $? in 0 | 124) return 0 ;; *) return 1 ;; esac
}

up() {
    case $2 in
        networkmanager) profile_up "$1" "${3:-}" ;;
        engine)
            # The unit allows three starts a minute.
            systemctl daemon-reload
            systemctl reset-failed "$1"
            systemctl restart "$1"
            ;;
        hotplug)
            systemctl reset-failed "ifup@$1.service" 2>/dev/null
            started systemctl start "ifup@$1.service"
            ;;
        *)
            started systemd-run --quiet --unit="rpi-agent-ifup-$1" -p Type=oneshot -p RemainAfterExit=yes -p KillMode=process \
                -p TimeoutStartSec=120 -p Restart=on-failure -p RestartSec=10 ifup --force "$1"
            ;;
    esac
}

# NetworkManager reads the files again, forgets a profile that is gone, and goes back to the one of before, or else to the best.
profile_up() {
    systemctl is-active --quiet NetworkManager.service || systemctl start NetworkManager.service
    nmcli connection reload
    { [ -n "$2" ] && nmcli --wait 60 connection up uuid "$2" ifname "$1"; } || nmcli --wait 60 device connect "$1"
}

# A checkpoint comes a little later than the timer. It is found by its device and its age, so that one is found, too, whose maker was
# killed before it could note it. NetworkManager lets nobody else make one on the same device meanwhile.
keep() {
    device=$(nmcli -e no -g GENERAL.DBUS-PATH device show "$1") || return 0
    for checkpoint in $(busctl get-property $manager $manager_path $manager Checkpoints | tr -d '"' | tr ' ' '\n' | grep '^/'); do
        read -r _ created <<END
$(busctl get-property $manager "$checkpoint" $manager.Checkpoint Created)
END
        busctl get-property $manager "$checkpoint" $manager.Checkpoint Devices | grep -qF "\"$device\"" || continue
        [ "$((${created:-0} / 1000))" -lt "${2%%.*}" ] || busctl --quiet call $manager $manager_path $manager CheckpointDestroy o "$checkpoint"
    done
    return 0
}

case ${1:-} in
    down) down "$2" "$3" ;;
    up) up "$2" "$3" "${4:-}" ;;
    keep) keep "$2" "$3" ;;
    radio)
        # Best effort: what is not installed here, or has no radio, shows at the check of the link.
        iw reg set "$2"
        rfkill unblock wifi
        ! systemctl is-active --quiet NetworkManager.service || nmcli radio wifi on
        exit 0
        ;;
    *) echo "usage: down IFACE KIND | up IFACE KIND [PROFILE] | keep IFACE SINCE | radio COUNTRY" >&2; exit 64 ;;
esac
