# shellcheck shell=bash
# The Docker engine that runs the boards: the machine's own if it runs, else one we start with folders of its own.

ENGINE_SOCKET=          # empty: the machine's default
ENGINE=(docker)         # client and address, as words

engine() { "${ENGINE[@]}" "$@"; }

own_engine_socket() { printf '%s' "$RUN/engine/docker.sock"; }
own_engine_answers() { [ -S "$(own_engine_socket)" ] && curl -fs -m 5 --unix-socket "$(own_engine_socket)" http://x/_ping >/dev/null; }

# Chooses the engine and a client that speaks to it. Starts nothing.
find_engine() {
    if own_engine_answers; then
        ENGINE_SOCKET=$(own_engine_socket)
    elif docker info >/dev/null 2>&1; then
        check_engine
    else
        return 1
    fi
    choose_client
}

# For what is done many times and makes no board: any client will do, and one that gets no answer says so itself.
reach_engine() { [ ! -S "$(own_engine_socket)" ] || ENGINE=(docker -H "unix://$(own_engine_socket)"); }

check_engine() {
    case ${DOCKER_HOST:-unix://} in
        unix://*) ;;
        *) die "DOCKER_HOST is $DOCKER_HOST: the boards need an engine on this machine" "Unset it and run again." ;;
    esac
    ! docker info --format '{{.SecurityOptions}}' | grep -qE 'rootless|userns' ||
        die "The Docker engine here is rootless or remaps users: boards cannot run in it" "Stop it, or give this rig a machine of its own."
}

# A client from 25 on does not give a MAC address to an engine before 25; another client on PATH may.
choose_client() {
    local candidate server client address=()
    [ -z "$ENGINE_SOCKET" ] || address=(-H "unix://$ENGINE_SOCKET")
    ENGINE=(docker "${address[@]}")
    server=$(engine version --format '{{.Server.Version}}')
    hash -r             # bash lists only the remembered path of a command it has run before
    while read -r candidate; do
        client=$("$candidate" --version | awk '{ print $3 }')
        if [ "${client%%.*}" -lt 25 ] || [ "${server%%.*}" -ge 25 ]; then
            ENGINE=("$candidate" "${address[@]}")
            return
        fi
    done < <(type -aP docker)
    die "No docker client here fits the engine $server (clients from 25 on cannot give a board its MAC address)" \
        "Install the client of that engine: apt-get install docker.io"
}

start_own_engine() {
    local data=$CACHE/engine run=$RUN/engine
    ! own_engine_answers || return 0
    mkdir -p "$data" "$run"
    setsid dockerd --data-root "$data" --exec-root "$run/exec" -H "unix://$run/docker.sock" -p "$run/pid" \
        --bridge none --iptables=false --ip-forward=true --log-level warn \
        </dev/null >"$run/log" 2>&1 8>&- 9>&- &
    wait_until 60 own_engine_answers || { tail -n 20 "$run/log"; return 1; }
}

# Stops the engine we started, once no rig uses it.
stop_own_engine() {
    local run=$RUN/engine pid
    [ -s "$run/pid" ] || return 0
    ! engine ps -a --filter label=rpi-try --format '{{.Label "rpi-try"}}' | grep -qvx image || return 0
    pid=$(cat "$run/pid")
    kill "$pid" 2>/dev/null || true
    wait_until 30 process_gone "$pid" || kill -9 "$pid"
    ! mountpoint -q "$run/exec/netns/default" || umount "$run/exec/netns/default"
    ! mountpoint -q "$CACHE/engine" || umount "$CACHE/engine"
    rm -rf "$run"
    rmdir "$RUN" 2>/dev/null || true
}

# Gone, or dead and not yet noticed by its parent.
process_gone() { [[ ! -e /proc/$1/stat || $(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null) == Z ]]; }
