# shellcheck shell=bash
# Verbs for tests/Benchmarks: the same images deployed by rpictl and by Swarm's own `docker stack deploy`.

images-everywhere_verb() { load_wordpress_images >&2; }

# deploy-wordpress [--no-wait]
deploy-wordpress_verb() {
    case ${1:-} in
        --no-wait) deploy_wordpress --detach >&2 ;;
        '') deploy_wordpress >&2 ;;
        *) usage >&2; exit 64 ;;
    esac
}

# swarm-wordpress piN: on the Swarm's leader; it returns when the services are made, not when they run.
swarm-wordpress_verb() {
    need_board "${1:-}"
    tar -c -C "$REPOSITORY/tests/Benchmarks" swarm-wordpress.yaml -C "$STACK_FOLDER" wordpress.env |
        engine exec -i "$(board_container "$1")" sh -c 'mkdir -p /run/swarm-wordpress && cd /run/swarm-wordpress && tar -x &&
            WORDPRESS_ENV=/run/swarm-wordpress/wordpress.env docker stack deploy -c swarm-wordpress.yaml swarm' >&2
}
