# shellcheck shell=bash
# What the person at the terminal sees: one line per step, with its time; words go to stderr, details to $LOG.

# Plain `su` leaves it as a user's.
export PATH=$PATH:/usr/sbin:/sbin

say()  { printf '%s\n' "$*" >&2; }
note() { printf '  %s\n' "$*" >&2; }
die()  { printf '\nFailed: %s\n' "$1" >&2; shift; for hint in "$@"; do printf '  %s\n' "$hint" >&2; done; exit 1; }

now_ms() { local t=${EPOCHREALTIME/[.,]/}; printf '%s' "${t%???}"; }

# step WORDS COMMAND…: runs the command with its output in $LOG and prints how long it took.
# The command runs in a subshell (so that errexit holds in it): results go to files, not to variables.
step() {
    local words=$1 start seconds pid
    shift
    start=$(now_ms)
    printf '  %-62s' "$words" >&2
    printf '\n== %s: %s\n' "$(date -u +%T)" "$words" >>"$LOG"
    ( set -e; "$@" ) >>"$LOG" 2>&1 &
    pid=$!
    if wait "$pid"; then
        seconds=$(( $(now_ms) - start ))
        printf '%4d.%d s\n' $((seconds / 1000)) $((seconds % 1000 / 100)) >&2
    else
        printf '  failed\n' >&2
        tail -n 12 "$LOG" | sed 's/^/    | /' >&2
        die "$words" "The whole output is in $LOG"
    fi
}

# wait_until SECONDS COMMAND…: tries the command every 0.2 s until it succeeds.
wait_until() {
    local deadline=$(( $(now_ms) + $1 * 1000 ))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}

# aside NAME COMMAND…: runs it beside the steps that follow, in a process group of its own; wait_aside NAME, as a step, waits for it
# and takes its output and result. end_asides, when the script ends, leaves none behind.
declare -A ASIDE
aside() {
    local name=$1
    shift
    rm -f "$LOG.$name" "$LOG.$name.result"
    set -m
    ( set -e; trap 'echo $? >"$LOG.$name.result"' EXIT; "$@" ) >"$LOG.$name" 2>&1 &
    ASIDE[$name]=$!
    set +m
}

wait_aside() {
    local result=$LOG.$1.result
    until [ -s "$result" ] || ! kill -0 "${ASIDE[$1]}" 2>/dev/null; do sleep 0.1; done
    cat "$LOG.$1"
    [ -s "$result" ] || { echo "it was killed"; return 1; }
    return "$(cat "$result")"
}

end_asides() {
    local group
    for group in "${ASIDE[@]}"; do
        kill -- "-$group" 2>/dev/null || true
    done
}

# locked NAME COMMAND…: one at a time on this machine; what is kept in $CACHE is shared by all rigs.
locked() {
    local name=$1
    shift
    (
        flock 8
        "$@"
    ) 8>"$CACHE/$name.lock"
}

# keep_newest N PATH…: removes all but the newest.
keep_newest() {
    local count=$1
    shift
    # shellcheck disable=SC2012
    { ls -dt "$@" 2>/dev/null || true; } | tail -n "+$((count + 1))" | xargs -r rm -rf
}
