#!/usr/bin/env bash
# A cluster of virtual Raspberry Pis on this machine, serving WordPress. See --help.
set -euo pipefail

REPOSITORY=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
for part in lib/{report,packages,mirror,consul,engine,programs,debian} virtual-pi/{settings,image,lan,board,installation,coordinator,agents,wordpress,compare,verbs}; do
    # shellcheck disable=SC1090
    . "$REPOSITORY/deploy/$part.sh"
done

main() {
    trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
    trap end_asides EXIT
    local verb=${1:-up}
    shift || true
    case $verb in
        help | -h | --help) usage; exit 0 ;;
    esac
    [ "$(id -u)" = 0 ] || die "Boards, bridges and engines need root" "Run: sudo $0 $verb"
    case $verb in
        up | build | down | status | add | loose | copy) "${verb}_verb" "$@" ;;
        rpictl) need_lan; rpictl "$@" ;;
        images-everywhere | deploy-wordpress | swarm-wordpress) need_rig; "${verb}_verb" "$@" ;;
        exec | kill | start | cut | heal) need_lan; reach_engine; "${verb}_verb" "$@" ;;
        *) usage >&2; exit 64 ;;
    esac
}

usage() {
    cat <<'EOF'
deploy/try.sh: a cluster of virtual Raspberry Pis on this machine.

  up [--nodes N] [--no-stack] [--os OS]
                               builds and starts everything; WordPress answers when it returns (default 3 Pis)
  build                        builds everything that `up` and `add` need, and starts nothing
  status                       boards, nodes, services
  rpictl WORDS…                what an operator types, e.g. rpictl node ls
  exec piN COMMAND…            runs a command on a Pi (or on `coordinator`)
  kill piN | start piN         cuts the power | switches it on again
  cut piN | heal piN           pulls the network cable | plugs it in again
  add [--os OS]                one more Pi
  loose NAME [--os OS]         a Pi with the agent on its card, but in no cluster
  copy piN NAME                one more board with a copy of that Pi's card in it
  down [--all]                 removes everything; --all also the cache of built images

OS is debian-12 (ifupdown, the default) or debian-13 (NetworkManager, as today's Raspberry Pi OS).
RPI_TRY_INSTANCE=NAME keeps several clusters apart. RPI_TRY_BUILD=jit, for developers: the programs are not built ahead of time,
which takes seconds instead of minutes; give it to every call.
EOF
}

main "$@"
