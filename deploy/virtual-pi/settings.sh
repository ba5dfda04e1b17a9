# shellcheck shell=bash disable=SC2034
# Names and folders of one rig. RPI_TRY_INSTANCE keeps several apart (tests use their own).

INSTANCE=${RPI_TRY_INSTANCE:-try}
[[ $INSTANCE =~ ^[a-z][a-z0-9]{0,7}$ ]] ||
    die "RPI_TRY_INSTANCE=$INSTANCE is no good name" "Take a lower-case letter and up to seven letters or digits."

CACHE=${RPI_TRY_CACHE:-/var/cache/rpi-agent-try}    # kept by `down`: base system, built programs, images, own engine
STATE=/var/lib/rpi-agent-try/$INSTANCE              # gone after `down`
RUN=/run/rpi-agent-try                              # sockets and pid files of the engine we start
LOG=$STATE/log
LABEL=rpi-try=$INSTANCE
PREFIX=rpi-$INSTANCE                                # containers: rpi-try-pi1, rpi-try-coordinator
BRIDGE=rpi-$INSTANCE                                # the home LAN
OPERATING_SYSTEMS=(debian-12 debian-13)             # of a board; the first is the default, and the coordinator's

POOL_FIRST=101                                      # addresses the coordinator allots
POOL_LAST=150
DHCP_FIRST=200                                      # addresses the router gives
DHCP_LAST=239
COORDINATOR_HOST=2
