# shellcheck shell=bash
# The Debian mirror this machine itself uses.

# Prints "URL SUITE" of this machine's apt sources, one a line, Debian's own only, and such as a system without certificates can use.
apt_sources() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN)|$(SITE)|$(RELEASE)' 'Created-By: Packages' 2>/dev/null |
        awk -F'|' '$1 == "Debian" && $2 ~ /^http:/ { print $2, $3 }' | sort -u
}

# The URL of Debian's main archive; empty when the machine knows none (Ubuntu): tools then take their own default.
debian_mirror() { apt_sources | awk '$2 !~ /security|backports/ { print $1; exit }'; }

security_mirror() { apt_sources | awk '$2 ~ /security/ { print $1; exit }'; }

# Lines for mmdebstrap of one Debian suite, with the updates this machine also takes.
suite_sources() {
    local suite=$1 main security
    main=$(debian_mirror)
    security=$(security_mirror)
    [ -n "$main" ] || return 0
    echo "deb $main $suite main"
    echo "deb $main $suite-updates main"
    [ -z "$security" ] || echo "deb $security $suite-security main"
}
