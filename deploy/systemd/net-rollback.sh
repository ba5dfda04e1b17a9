#!/bin/sh
# Takes a change of the network, or of the engine's options, back. Plain sh: it must work when the agent itself is broken.
# RPI_AGENT_NET says which: /var/lib/rpi-agent/net (the default) or /var/lib/rpi-agent/docker.
#
#   net-rollback.sh boot                    before the network starts: an unconfirmed change is undone, one that was to wait
#                                           for this boot is put into force
#   net-rollback.sh timer ID                the coordinator, or the engine, did not answer in time
#   net-rollback.sh now ID REASON           the agent saw that it does not work
#   net-rollback.sh link-down IFACE KIND    stops an interface of ifupdown with the files in place (KIND: auto or hotplug)
#   net-rollback.sh link-up IFACE KIND      starts it, outside of the agent's control group
#   net-rollback.sh radio COUNTRY           unblocks the radio, which is off until a country is set
#
# txn.json is the marker, txn/manifest has a line "N mode uid gid existed sha256-before sha256-after path" per file,
# txn/N.before the old content, txn/link the words "KIND IFACE [PROFILE]": KIND auto or hotplug for ifupdown; or networkmanager, and the
# profile that was in force; or engine, and its unit. Beside each file its old version waits as .NAME.rpi-old, so that the
# way back needs no room on a full disk. Every step may be cut and done again.
set -u
umask 077
net=${RPI_AGENT_NET:-/var/lib/rpi-agent/net}
run=${RPI_AGENT_RUN:-/run/rpi-agent}
marker=$net/txn.json
failed=$net/last-failed

say() { echo "net-rollback: $*" >&2; }

# field NAME: a text of the marker, which is one line of JSON written by the agent.
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$marker" 2>/dev/null; }

has_systemd() { [ "${RPI_AGENT_LINK:-yes}" = yes ] && [ -d /run/systemd/system ]; }

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

link_down() {
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

# NetworkManager reads the files again, forgets a profile that is gone, and goes back to the one of before, or else to the best.
profile_up() {
    systemctl is-active --quiet NetworkManager.service || systemctl start NetworkManager.service
    nmcli connection reload
    { [ -n "$2" ] && nmcli --wait 60 connection up uuid "$2" ifname "$1"; } || nmcli --wait 60 device connect "$1"
    # NetworkManager's own way back, which would come a little later than this one.
    if [ -s "$run/checkpoint" ]; then
        busctl --quiet call org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager \
            CheckpointDestroy o "$(cat "$run/checkpoint")"
        rm -f "$run/checkpoint"
    fi
}

link_up() {
    if [ "$2" = networkmanager ]; then
        profile_up "$1" "${3:-}"
    elif [ "$2" = engine ]; then
        # The unit allows three starts a minute.
        systemctl daemon-reload
        systemctl reset-failed "$1"
        systemctl restart "$1"
    elif [ "$2" = hotplug ]; then
        systemctl reset-failed "ifup@$1.service" 2>/dev/null
        systemctl start "ifup@$1.service"
    else
        systemd-run --quiet --unit="rpi-agent-ifup-$1" -p Type=oneshot -p RemainAfterExit=yes -p KillMode=process \
            -p TimeoutStartSec=120 -p Restart=on-failure -p RestartSec=10 ifup --force "$1"
    fi
}

# Every copy must be what the manifest says, or nothing is touched.
copies_are_good() {
    [ -s "$net/txn/manifest" ] || return 1
    while read -r number mode uid gid existed before _ path; do
        [ -n "$path" ] && [ "$(sha256sum <"$net/txn/$number.before" | cut -d' ' -f1)" = "$before" ] || return 1
    done <"$net/txn/manifest"
}

digest() { sha256sum <"$1" 2>/dev/null | cut -d' ' -f1; }

restore_files() {
    code=0
    while read -r number mode uid gid existed before _ path; do
        folder=$(dirname "$path")
        # A folder that the change made, and that was lost with the power: there is nothing in it to take back.
        [ -d "$folder" ] || [ "$existed" = 1 ] || continue
        old=$folder/.$(basename "$path").rpi-old
        present=$(digest "$path")
        # A version that is neither the old one nor ours was written by somebody else: it is kept for them.
        if [ -e "$path" ] && [ "$present" != "$before" ]; then
            cp -p "$path" "$failed/$number.$(basename "$path")" 2>/dev/null
        fi
        if [ "$existed" != 1 ]; then
            rm -f "$path"
        elif [ "$present" != "$before" ]; then
            [ "$(digest "$old")" = "$before" ] || { cp "$net/txn/$number.before" "$old" && sync "$old"; }
            chown "$uid:$gid" "$old" && chmod "$mode" "$old" && mv -f "$old" "$path" || code=1
        fi
        sync "$folder" || code=1
    done <"$net/txn/manifest"
    return $code
}

# mark PHASE [SED]: whole or not at all, as every write of the marker.
mark() {
    sed "s/\"phase\":\"[A-Za-z]*\"/\"phase\":\"$1\"/;${2:-}" "$marker" >"$net/.txn.json.new" && sync "$net/.txn.json.new" &&
        mv -f "$net/.txn.json.new" "$marker" && sync "$net"
}

# forget PHASE. What waits beside the files, then the copies, and the marker last: cut in between, the next boot finds a marker that is already done with.
forget() {
    if [ -e "$net/txn/manifest" ]; then
        while read -r _ _ _ _ _ _ _ path; do
            folder=$(dirname "$path")
            [ -d "$folder" ] || continue
            rm -f "$folder/.$(basename "$path").rpi-new" "$folder/.$(basename "$path").rpi-old"
            sync "$folder"
        done <"$net/txn/manifest"
    fi
    # What the first change of the network that was kept has replaced: a copied card goes back to it.
    [ "$1" != confirmed ] || [ "$area" != net ] || [ -e "$net/original" ] || [ ! -e "$net/txn/manifest" ] || mv "$net/txn" "$net/original"
    rm -rf "$net/txn" "$net/.txn.json.new"
    sync "$net"
    rm -f "$marker"
    sync "$net"
}

# Why, and for which change: what is reported. Kept when the same change is taken back a second time after a cut.
note_failure() {
    [ -z "$id" ] || ! grep -qs "\"id\":\"$id\"" "$failed/txn.json" || return 0
    rm -rf "$failed"
    mkdir -p "$failed"
    { echo "$1" >"$failed/reason" && printf '%s' "$change" >"$failed/txn.json"; } 2>/dev/null &&
        sync "$failed/reason" "$failed/txn.json" "$failed" "$net"
}

roll_back() {
    reason=$1
    change=$(cat "$marker")
    id=$(field id)
    kind=auto
    profile=
    interface=$(field iface)
    [ ! -e "$net/txn/link" ] || read -r kind interface profile <"$net/txn/link"
    touch_link=no
    if has_systemd && [ "$2" != boot ] && [ -n "$interface" ]; then
        touch_link=yes
    fi
    case $(field phase) in
        confirmed) forget confirmed; return ;;
        rolledBack)
            [ $touch_link = no ] || { link_down "$interface" "$kind"; link_up "$interface" "$kind" "$profile"; }
            forget rolledBack
            return
            ;;
        waiting) touch_link=no ;;       # nothing was put in place yet
    esac
    note_failure "$reason"
    if ! copies_are_good; then
        say "the copies in $net/txn are damaged; nothing is changed"
        echo "$reason; but the copies of the old files are damaged: nothing was changed, look at $failed" >"$failed/reason"
        mv "$marker" "$failed/damaged.json"
        sync "$failed/reason" "$failed" "$net"
        return 1
    fi
    # From here on nobody may confirm it: half of it may be gone. On a full disk this cannot be written, and the way back goes on.
    mark rollingBack
    [ $touch_link = no ] || link_down "$interface" "$kind"
    restore_files
    restored=$?
    [ $restored != 0 ] || mark rolledBack
    # Also with a file that could not be restored: any network is better than none, and the marker stays for the next boot.
    [ $touch_link = no ] || link_up "$interface" "$kind" "$profile"
    [ $restored = 0 ] || { say "a file could not be restored"; return 1; }
    forget rolledBack
    note_failure "$reason"      # again: on a full disk there was no room for it before
    say "all is as it was before: $reason"
}

# The new files wait beside the old ones.
put_in_place() {
    while read -r number _ _ _ _ _ after path; do
        new=$(dirname "$path")/.$(basename "$path").rpi-new
        # Cut in the midst of it, this is done again.
        [ "$(digest "$path")" = "$after" ] || { [ "$(digest "$new")" = "$after" ] && mv -f "$new" "$path" && sync "$(dirname "$path")"; } || return 1
    done <"$net/txn/manifest"
}

# Of a change that waited for this boot. From here on it is being tried: the next boot takes it back, and so does the timer, which begins
# to count when the system is up. It is not waited for: it comes after the units that wait for this one.
try_at_boot() {
    id=$(field id)
    seconds=$(sed -n 's/.*"deadline_s":\([0-9]*\).*/\1/p' "$marker")
    copies_are_good && put_in_place &&
        mark applied "s/\"boot_id\":\"[^\"]*\"/\"boot_id\":\"$(cat /proc/sys/kernel/random/boot_id)\"/;s/\"started_s\":[0-9.eE+-]*/\"started_s\":$(cut -d' ' -f1 /proc/uptime)/" &&
        { ! has_systemd || systemd-run --quiet --no-block --setenv=RPI_AGENT_NET="$net" --unit="rpi-agent-$area-timer" --on-active=$((seconds + 60)) \
            --timer-property=AccuracySec=1s "$0" timer "$id"; } ||
        roll_back "it could not be put in place at the boot it waited for" boot
}

verb=${1:-}
case $verb in
    link-down | link-up)
        case $verb in link-down) link_down "$2" "$3" ;; *) link_up "$2" "$3" ;; esac
        exit
        ;;
    radio)
        # Best effort: what is not installed here, or has no radio, shows at the check of the link.
        iw reg set "$2"
        rfkill unblock wifi
        ! systemctl is-active --quiet NetworkManager.service || nmcli radio wifi on
        exit 0
        ;;
    boot | timer | now) ;;
    *) say "usage: boot | timer ID | now ID REASON | link-down IFACE KIND | link-up IFACE KIND | radio COUNTRY"; exit 64 ;;
esac

mkdir -p "$run"
area=$(basename "$net")
exec 9>"$run/$area.lock"
flock -w 120 9 || exit 1
[ -e "$marker" ] || exit 0
not_confirmed="the coordinator had confirmed the change"
too_late="the coordinator did not confirm the change in time"
if [ "$area" = docker ]; then
    not_confirmed="the engine was known to run with its new options"
    too_late="the engine was not known to run with its new options in time"
fi
case $verb in
    boot)
        if [ "$(field phase)" = waiting ]; then
            [ "$(field boot_id)" = "$(cat /proc/sys/kernel/random/boot_id)" ] || try_at_boot
            exit
        fi
        when=boot
        # Started by hand in the boot that made the change: the link is up with the new address.
        [ "$(field boot_id)" != "$(cat /proc/sys/kernel/random/boot_id)" ] || when=now
        roll_back "the node restarted before $not_confirmed" $when
        ;;
    timer) [ "$(field id)" != "$2" ] || roll_back "$too_late" timer ;;
    now) [ "$(field id)" != "$2" ] || roll_back "$3" now ;;
esac
