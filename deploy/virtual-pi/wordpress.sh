# shellcheck shell=bash
# The stack that the rig serves: its images, its secrets, its deployment through rpictl.

WORDPRESS_SERVICES=(caddy php mysql)
STACK_FOLDER=$STATE/stacks/wordpress        # the rig's copy: its secrets never mix with those of a real cluster

wordpress_image() { printf 'localhost/wordpress-%s:1' "$1"; }

# Image tars of one state of deploy/images. The tars are what an operator loads; the engine here only builds them.
wordpress_tars() { printf '%s/images/wordpress-%s' "$CACHE" "$(content_hash "$REPOSITORY/deploy/images")"; }

build_wordpress_images() {
    local service folder
    folder=$(wordpress_tars)
    [ ! -d "$folder" ] || return 0
    rm -rf "$folder.part" "$CACHE"/images/wordpress-*
    mkdir -p "$folder.part"
    for service in site "${WORDPRESS_SERVICES[@]}"; do
        engine build --force-rm --network host --label rpi-try=image --build-arg "BASE=$BASE_IMAGE" --build-arg "SITE=$(wordpress_image site)" \
            -t "$(wordpress_image "$service")" "$REPOSITORY/deploy/images/$service"
    done
    for service in "${WORDPRESS_SERVICES[@]}"; do
        engine save -o "$folder.part/$service.tar" "$(wordpress_image "$service")"
    done
    mv "$folder.part" "$folder"
}

load_wordpress_images() {
    local service
    for service in "${WORDPRESS_SERVICES[@]}"; do
        image_loaded "$(wordpress_image "$service")" || rpictl image load "$(wordpress_tars)/$service.tar"
    done
}

image_loaded() { rpictl image ls --json | jq -e --arg name "$1" 'any(.[]; .. | strings | . == $name)' >/dev/null; }

deploy_wordpress() {
    mkdir -p "$STACK_FOLDER"
    cp "$REPOSITORY/deploy/stacks/wordpress/compose.yaml" "$STACK_FOLDER/"
    "$REPOSITORY/deploy/stacks/wordpress/make-secrets" "$STACK_FOLDER/wordpress.env"
    rpictl stack deploy wordpress "$STACK_FOLDER/compose.yaml"
}

# The address of the Pi where caddy runs now.
caddy_address() {
    rpictl stack ps wordpress --json | jq -er '.[] | select(.service == "caddy" and .state == "running") | .address | split("/")[0]'
}

site_answers() {
    local address
    address=$(caddy_address 2>/dev/null) || return 1
    curl -fsL -m 5 "http://$address/wp-admin/install.php" 2>/dev/null | grep -q '<title>WordPress &rsaquo; \|Already Installed'
}

wait_for_site() { wait_until 120 site_answers || { rpictl stack ps wordpress; return 1; }; }

site_address() { printf 'http://%s/\n' "$(caddy_address)"; }
