#!/bin/sh
# Before network and engine start: is this card in the board its identity was made on? A copy that was put into another board must not
# come up under the address of the original, nor its engine in the original's place in the swarm. Plain sh, as net-rollback.sh.
#
# A board without a serial number is told from another one by the agent alone, later.
set -u
umask 077
state=${RPI_AGENT_STATE:-/var/lib/rpi-agent}
tree=${RPI_AGENT_DEVICE_TREE:-/proc/device-tree}
mark=${RPI_AGENT_CLONE_MARK:-/run/rpi-agent-clone}

here=$(tr -d '\0' <"$tree/serial-number" 2>/dev/null | tr 'A-F' 'a-f')
[ -n "$here" ] || here=$(sed -n 's/^Serial[[:space:]]*:[[:space:]]*//p' /proc/cpuinfo | tr 'A-F' 'a-f')
bound=$(cat "$state/identity/serial" 2>/dev/null)
if [ -z "$here" ] || [ -z "$bound" ] || [ "$here" = "$bound" ]; then
    rm -f "$mark"
    exit 0
fi

echo "clone-guard: the identity on this card was made on the board with serial $bound, this one has $here: the network goes back to what it was before the agent, and docker stays off" >&2
echo "$bound" >"$mark"

# net/original has the files of before the agent's first change, and a manifest as net-rollback.sh knows it.
original=$state/net/original
[ -s "$original/manifest" ] || exit 0
while read -r number mode uid gid existed before _ path; do
    [ "$number" != end ] || break
    folder=$(dirname "$path")
    if [ "$existed" != 1 ]; then
        rm -f "$path"
    elif [ "$(sha256sum <"$original/$number.before" | cut -d' ' -f1)" = "$before" ]; then
        new=$folder/.$(basename "$path").rpi-new
        cp "$original/$number.before" "$new" && chown "$uid:$gid" "$new" && chmod "$mode" "$new" && sync "$new" && mv -f "$new" "$path"
    fi
    sync "$folder"
done <"$original/manifest"
