# shellcheck shell=bash
# The stack that the rig serves: its images, its secrets, its deployment through rpictl.

WORDPRESS_SERVICES=(caddy php mysql)
STACK_FOLDER=$STATE/stacks/wordpress        # the rig's copy: its secrets never mix with those of a real cluster

wordpress_image() { printf 'localhost/wordpress-%s:1' "$1"; }

# The images of one state of deploy/images, in one file: layers they share are in it once. The engine here only builds them.
wordpress_tar() { printf '%s/images/wordpress-%s.tar' "$CACHE" "$(content_hash "$REPOSITORY/deploy/images")"; }

build_wordpress_images() {
    local service tar names=()
    tar=$(wordpress_tar)
    [ ! -s "$tar" ] || return 0
    mkdir -p "$CACHE/images"
    keep_newest 2 "$CACHE"/images/wordpress-*
    for service in site "${WORDPRESS_SERVICES[@]}"; do
        engine build --force-rm --network host --label rpi-try=image --build-arg "BASE=$(base_image debian-12)" \
            --build-arg "SITE=$(wordpress_image site)" -t "$(wordpress_image "$service")" "$REPOSITORY/deploy/images/$service"
    done
    for service in "${WORDPRESS_SERVICES[@]}"; do
        names+=("$(wordpress_image "$service")")
    done
    engine save -o "$tar.part" "${names[@]}"
    mv "$tar.part" "$tar"
}

# Every Pi gets them now (one from us, the others from it), so that a service can move without waiting for its image.
load_wordpress_images() {
    images_everywhere || rpictl image load --everywhere "$(wordpress_tar)"
}

# The ids in the file, on as many nodes as there are boards.
images_everywhere() {
    local ids
    ids=$(tar -xOf "$(wordpress_tar)" manifest.json | jq -c '[.[].Config | sub("\\.json$"; "") | sub("^blobs/sha256/"; "")]')
    rpictl image ls --json | jq -e --argjson ids "$ids" --argjson boards "$(board_names | wc -l)" \
        '[.[] | select((.id | sub("^sha256:"; "")) as $id | $ids | index($id)) | select((.nodes | length) >= $boards)] | length >= ($ids | length)' >/dev/null
}

# deploy_wordpress [OPTIONS OF rpictl stack deploy]
deploy_wordpress() {
    mkdir -p "$STACK_FOLDER"
    cp "$REPOSITORY/deploy/stacks/wordpress/compose.yaml" "$STACK_FOLDER/"
    "$REPOSITORY/deploy/stacks/wordpress/make-secrets" "$STACK_FOLDER/wordpress.env"
    rpictl stack deploy "$@" wordpress "$STACK_FOLDER/compose.yaml"
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
