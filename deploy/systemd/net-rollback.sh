#!/bin/sh
# Takes a change of the network, or of the engine's options, back. Plain sh: it must work when the agent itself is broken.
# RPI_AGENT_NET says which: /var/lib/rpi-agent/net (the default) or /var/lib/rpi-agent/docker.
#
#   net-rollback.sh boot                    before the network starts: an unconfirmed change is undone, one that was to wait
#                                           for this boot is put into force
#   net-rollback.sh timer ID                the coordinator, or the engine, did not answer in time
#   net-rollback.sh now ID REASON           the agent saw that it does not work; an empty ID stands for whatever is under way
#
# txn.json is the marker, txn/manifest has a line "N mode uid gid existed sha256-before sha256-after path" per file and ends with
# "end COUNT", txn/N.before the old content, txn/link the words "KIND IFACE [PROFILE]": KIND auto or hotplug for ifupdown; or
# networkmanager, and the profile that was in force; or engine, and its unit. Beside each file its old version waits as
# .NAME.rpi-old, so that the way back needs no room on a full disk. Every step may be cut and done again.
set -u
umask 077
net=${RPI_AGENT_NET:-/var/lib/rpi-agent/net}
run=${RPI_AGENT_RUN:-/run/rpi-agent}
link=$(dirname "$0")/net-link.sh
marker=$net/txn.json
failed=$net/last-failed
boot_id=$(cat /proc/sys/kernel/random/boot_id)

say() { echo "net-rollback: $*" >&2; }

# field NAME: a text of the marker, which is one line of JSON written by the agent. One that was cut off says nothing.
field() { sed -n "/}\$/s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$marker" 2>/dev/null; }

# number NAME: its whole part.
number() { sed -n "/}\$/s/.*\"$1\":\\([0-9]*\\).*/\\1/p" "$marker" 2>/dev/null; }

has_systemd() { [ "${RPI_AGENT_LINK:-yes}" = yes ] && [ -d /run/systemd/system ]; }

digest() { { sha256sum <"$1"; } 2>/dev/null | cut -d" " -f1; }

# The whole list, and every copy as it says, or nothing is touched.
copies_are_good() {
    lines=$(wc -l 2>/dev/null <"$net/txn/manifest") || return 1
    [ "$lines" -gt 1 ] && [ "$(tail -n 1 "$net/txn/manifest")" = "end $((lines - 1))" ] || return 1
    while read -r number mode uid gid existed before _ path; do
        [ "$number" != end ] || break
        [ -n "$path" ] && [ "$(digest "$net/txn/$number.before")" = "$before" ] || return 1
    done <"$net/txn/manifest"
}

# restore_files [ours]: "ours" leaves alone what somebody else wrote. Else that is kept in last-failed, as is our version, and named in $edited.
restore_files() {
    code=0
    edited=
    while read -r number mode uid gid existed before after path; do
        [ "$number" != end ] || break
        folder=$(dirname "$path")
        # A folder that the change made, and that was lost with the power: there is nothing in it to take back.
        [ -d "$folder" ] || [ "$existed" = 1 ] || continue
        old=$folder/.$(basename "$path").rpi-old
        present=$(digest "$path")
        if [ -e "$path" ] && [ "$present" != "$before" ]; then
            if [ "$present" != "$after" ]; then
                [ "${1:-all}" != ours ] || continue
                # A file that the change left as it was is there for others to write: a DHCP client, for one.
                [ "$before" = "$after" ] || edited="$edited ($path was edited meanwhile; that version is in last-failed)"
            fi
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

# What the changes that were kept have replaced, each file as it was before the first of them: a copied card goes back to it.
keep_originals() {
    kept=$net/original
    [ -e "$net/txn/manifest" ] || return 0
    [ -e "$kept" ] || { mv "$net/txn" "$kept"; return; }
    cat "$kept/manifest" 2>/dev/null | sed -n '/^[0-9]/p' >"$kept/.manifest.new" || return 1
    last=$(cut -d' ' -f1 "$kept/.manifest.new" | sort -n | tail -n 1)
    while read -r number mode uid gid existed before after path; do
        [ -n "$path" ] && ! cut -d' ' -f8- "$kept/.manifest.new" | grep -Fqx -- "$path" || continue
        last=$((last + 1))
        cp "$net/txn/$number.before" "$kept/$last.before" && sync "$kept/$last.before" &&
            printf '%s\n' "$last $mode $uid $gid $existed $before $after $path" >>"$kept/.manifest.new" || return 1
    done <"$net/txn/manifest"
    sync "$kept" && sync "$kept/.manifest.new" && mv -f "$kept/.manifest.new" "$kept/manifest" && sync "$kept"
}

# forget PHASE. What waits beside the files, then the copies, and the marker last: cut in between, the next boot finds a marker that is already done with.
forget() {
    if [ -e "$net/txn/manifest" ]; then
        while read -r number _ _ _ _ _ _ path; do
            [ "$number" != end ] || break
            folder=$(dirname "$path")
            [ -d "$folder" ] || continue
            rm -f "$folder/.$(basename "$path").rpi-new" "$folder/.$(basename "$path").rpi-old"
            sync "$folder"
        done <"$net/txn/manifest"
    fi
    [ "$1" != confirmed ] || [ "$area" != net ] || keep_originals || return 1
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
    note_reason "$1" && { printf '%s' "$change" >"$failed/txn.json"; } 2>/dev/null && sync "$failed/txn.json" "$failed" "$net"
}

note_reason() { { echo "$1" >"$failed/reason"; } 2>/dev/null && sync "$failed/reason"; }

# Without copies to trust nothing is restored and nothing deleted: the versions beside the files may be the only good ones.
leave_all() {
    say "the copies in $net/txn are damaged; nothing is changed"
    note_reason "$reason; but the copies of the old files are damaged: nothing was changed, look at $failed"
    mv "$marker" "$failed/damaged.json"
    [ ! -e "$net/txn" ] || mv "$net/txn" "$failed/txn"
    sync "$failed" "$net"
    # It may have been taken down before: with whatever files, any network is better than none.
    [ $touch_link = no ] || link_up
}

# By what is in txn/link. That the card lost it is no reason to take NetworkManager's interface for one of ifupdown.
read_link() {
    interface=$(field iface)
    profile=
    case $(field backend) in
        networkmanager) kind=networkmanager ;;
        engine) kind=engine interface=docker.service ;;
        *) kind=auto ;;
    esac
    [ ! -s "$net/txn/link" ] || read -r kind interface profile <"$net/txn/link"
}

# Without the lock: what a hook of ifupdown leaves running would hold it.
link_down() { "$link" down "$interface" "$kind" 9>&-; }

link_up() {
    "$link" up "$interface" "$kind" "$profile" 9>&-
    [ "$kind" != networkmanager ] || "$link" keep "$interface" "$(number started_s)" 9>&-
}

# roll_back REASON boot|timer|now
roll_back() {
    reason=$1
    change=$(cat "$marker")
    id=$(field id)
    read_link
    touch_link=no
    if has_systemd && [ "$2" != boot ] && [ -n "$interface" ]; then
        touch_link=yes
    fi
    whose=all
    case $(field phase) in
        confirmed) forget confirmed; return ;;
        rolledBack)
            [ $touch_link = no ] || { link_down; link_up; }
            forget rolledBack
            return
            ;;
        # Nothing is in place yet, but what a boot that was cut has put there.
        waiting) touch_link=no whose=ours ;;
    esac
    note_failure "$reason"
    if ! copies_are_good; then
        leave_all
        return 1
    fi
    # From here on nobody may confirm it: half of it may be gone. On a full disk this cannot be written, and the way back goes on.
    [ $whose = ours ] || mark rollingBack
    [ $touch_link = no ] || link_down
    restore_files $whose
    restored=$?
    [ -z "$edited" ] || note_reason "$reason$edited"
    [ $restored != 0 ] || mark rolledBack
    # Also with a file that could not be restored: any network is better than none, and the marker stays for the next boot.
    [ $touch_link = no ] || link_up
    [ $restored = 0 ] || { say "a file could not be restored"; return 1; }
    forget rolledBack
    [ -s "$failed/reason" ] || note_failure "$reason$edited"      # on a full disk there was no room for it before
    say "all is as it was before: $reason$edited"
}

# The new files wait beside the old ones. What somebody else wrote while they waited counts more.
put_in_place() {
    while read -r number _ _ _ _ before after path; do
        [ "$number" != end ] || break
        [ ! -e "$path" ] || case $(digest "$path") in
            "$before" | "$after") ;;
            *) why="$path was edited while the change waited for this boot"; return 1 ;;
        esac
    done <"$net/txn/manifest"
    why="the new files could not be put in place at the boot that they waited for"
    while read -r number _ _ _ _ _ after path; do
        [ "$number" != end ] || break
        new=$(dirname "$path")/.$(basename "$path").rpi-new
        # Cut in the midst of it, this is done again.
        [ "$(digest "$path")" = "$after" ] || { [ "$(digest "$new")" = "$after" ] && mv -f "$new" "$path" && sync "$(dirname "$path")"; } || return 1
    done <"$net/txn/manifest"
}

# Of a change that waited for this boot. From here on it is being tried: the next boot takes it back, and so does the timer, which begins
# to count when the system is up, and so has a minute more. It is not waited for: it comes after the units that wait for this one.
try_at_boot() {
    id=$(field id)
    seconds=$(($(number deadline_s) + 60))
    country=$(field country)
    why="the copies of the old files are damaged"
    if copies_are_good && put_in_place && mark applied "s/\"boot_id\":\"[^\"]*\"/\"boot_id\":\"$boot_id\"/;s/\"deadline_s\":[0-9]*/\"deadline_s\":$seconds/;s/\"started_s\":[0-9.eE+-]*/\"started_s\":$(cut -d' ' -f1 /proc/uptime)/" &&
        { ! has_systemd || systemd-run --quiet --no-block --setenv=RPI_AGENT_NET="$net" --unit="rpi-agent-$area-timer" --on-active="$seconds" \
            --timer-property=AccuracySec=1s "$0" timer "$id"; }; then
        ! has_systemd || [ -z "$country" ] || "$link" radio "$country"
    else
        roll_back "$why" boot
    fi
}

verb=${1:-}
case $verb in
    boot | timer | now) ;;
    *) say "usage: boot | timer ID | now ID REASON"; exit 64 ;;
esac

mkdir -p "$run"
area=$(basename "$net")
exec 9>"$run/$area.lock"
flock -w 180 9 || exit 1
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
            [ "$(field boot_id)" = "$boot_id" ] || try_at_boot
            exit
        fi
        when=boot
        # Started by hand in the boot that made the change: the link is up with the new address.
        [ "$(field boot_id)" != "$boot_id" ] || when=now
        roll_back "the node restarted before $not_confirmed" $when
        ;;
    # Of a marker that cannot be read it may be the timer.
    timer) case "$(field id)" in "$2" | "") roll_back "$too_late" timer ;; esac ;;
    now) { [ -n "$2" ] && [ "$(field id)" != "$2" ]; } || roll_back "$3" now ;;
esac
