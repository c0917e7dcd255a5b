#!/usr/bin/env bash
# Starts independent, stock WordPress sites on loopback, each with its own
# database in one private MariaDB, from Debian's packages.
#
#   wordpress-up.sh [SITES=3] [BASE_PORT=18081]
#
# Prints one line per site, `URL USER APP_PASSWORD`, on stdout; talk goes to
# stderr. What a former call started in the same run directory is taken down
# first, so the sites are always fresh.
#
# DONGBO_LIVE_DIR      run directory (default ${TMPDIR:-/tmp}/dongbo-live)
# DONGBO_LIVE_WORKERS  PHP workers per site (default 4)
#
# Exit: 0 the sites answer · 1 something is wrong · 77 `skipped: REASON` on
# stdout, this machine cannot run them.
. "$(dirname "${BASH_SOURCE[0]}")/wordpress-lib.sh"

SITES=${1:-3}
BASE_PORT=${2:-18081}
PACKAGES=(wordpress php-cli php-mysql php-gd php-xml php-mbstring php-curl mariadb-server-core mariadb-client-core curl util-linux)
# Not every release has one; without it pages are empty, which only a citizen would see.
THEMES=(wordpress-theme-twentytwentyfive wordpress-theme-twentytwentythree)
# Seconds that package lists and packages may take, waiting for another apt included.
LISTS_MAX=120
PACKAGES_MAX=420
# Seconds that a started server may take to answer.
ANSWER_MAX=60

main() {
  trap clean_up EXIT
  install_packages
  prepare_directory
  start_mariadb
  copy_wordpress
  local port
  for port in $(seq "$BASE_PORT" $((BASE_PORT + SITES - 1))); do set_up_site "$port"; done
  for port in $(seq "$BASE_PORT" $((BASE_PORT + SITES - 1))); do
    within "$ANSWER_MAX" answers "$port" || fail "the site on port $port does not answer, see $RUN/log/php-$port.log"
  done
  UP=1
  cat "$RUN/sites.txt"
}

# A laboratory that did not come up whole is taken down; its logs stay for a look.
clean_up() {
  may_start_services
  if [ "${UP:-0}" = 0 ]; then lab_down; fi
}

installed() { dpkg-query -W -f='${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed; }

install_packages() {
  command -v dpkg-query >/dev/null || skip "the laboratory needs Debian packages, and there is no dpkg here"
  [ "$(installed "${PACKAGES[@]}" || true)" -lt "${#PACKAGES[@]}" ] || return 0
  [ "$(id -u)" = 0 ] || skip "packages are missing and only root can install them: ${PACKAGES[*]}"
  local log
  log=$(mktemp -t dongbo-live-apt.XXXXXX)
  say "installing packages (log: $log)"
  start_no_services
  apt_get "$PACKAGES_MAX" "$log" install -y --no-install-recommends "${PACKAGES[@]}" "$(theme)" \
    || { apt_get "$LISTS_MAX" "$log" update && apt_get "$PACKAGES_MAX" "$log" install -y --no-install-recommends "${PACKAGES[@]}" "$(theme)"; } \
    || skip "packages cannot be installed: $(grep -m1 '^E:' "$log" || echo "apt took too long or failed, see $log")"
  may_start_services
  rm -f "$log"
}

# apt_get SECONDS LOG ARGUMENTS…
apt_get() {
  local limit=$1 log=$2; shift 2
  # An empty word stands for "no theme".
  local words=(); local word
  for word in "$@"; do [ -z "$word" ] || words+=("$word"); done
  DEBIAN_FRONTEND=noninteractive timeout "$limit" apt-get -o DPkg::Lock::Timeout="$limit" "${words[@]}" >>"$log" 2>&1 </dev/null
}

theme() {
  local name
  for name in "${THEMES[@]}"; do
    if apt-cache show "$name" >/dev/null 2>&1; then echo "$name"; return; fi
  done
}

# WordPress depends on a web server that we do not use: it must not be started by its installation.
POLICY=/usr/sbin/policy-rc.d
start_no_services() {
  [ ! -e "$POLICY" ] || return 0
  printf '#!/bin/sh\n# dongbo-live: no services while packages are installed\nexit 101\n' >"$POLICY"
  chmod 755 "$POLICY"
}
may_start_services() {
  if grep -qs dongbo-live "$POLICY"; then rm -f "$POLICY"; fi
}

prepare_directory() {
  lab_down
  # Never empty a directory that is not a laboratory of ours.
  if [ -e "$RUN" ] && [ ! -f "$RUN/.dongbo-live" ] && [ -n "$(ls -A "$RUN")" ]; then
    fail "$RUN holds something else; name another directory in DONGBO_LIVE_DIR"
  fi
  rm -rf "$RUN"
  mkdir -p "$RUN/pids" "$RUN/log" "$RUN/db" "$RUN/tree"
  : >"$RUN/.dongbo-live"
  : >"$RUN/sites.txt"
  own "$RUN"
}

own() { if [ "$(id -u)" = 0 ]; then chown -R www-data:www-data "$@"; fi; }

start_mariadb() {
  as_server mariadb-install-db --no-defaults --datadir="$RUN/db" --auth-root-authentication-method=normal \
    --skip-test-db >"$RUN/log/install-db.log" 2>&1 </dev/null || fail "no database, see $RUN/log/install-db.log"
  launch maria mariadbd --no-defaults --datadir="$RUN/db" --socket="$SOCKET" --skip-networking \
    --pid-file="$RUN/db/maria.pid" --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=128M \
    --innodb-log-file-size=32M --character-set-server=utf8mb4 --max-connections=100
  within "$ANSWER_MAX" mariadb-admin --no-defaults --user=root --socket="$SOCKET" ping \
    || fail "MariaDB does not answer, see $RUN/log/maria.log"
}

# One tree serves all sites: each is told by the port it is asked on.
copy_wordpress() {
  cp -rL /usr/share/wordpress/. "$RUN/tree/"
  # Debian keeps the wp-content that an administrator may change, themes included, elsewhere.
  if [ -d /var/lib/wordpress/wp-content ]; then
    cp -rL /var/lib/wordpress/wp-content/. "$RUN/tree/wp-content/" 2>>"$RUN/log/copy.log" || true
  fi
  mkdir -p "$RUN/tree/wp-content/uploads"
  sed "s|@SOCKET@|$SOCKET|" "$HERE/wordpress-config.php" >"$RUN/tree/wp-config.php"
  cp "$HERE/wordpress-router.php" "$RUN/router.php"
  own "$RUN/tree"
}

# set_up_site PORT
set_up_site() {
  sql --execute="CREATE DATABASE wp_$1 CHARACTER SET utf8mb4"
  as_server timeout 60 php -d opcache.enable_cli=0 "$HERE/wordpress-setup.php" "$RUN/tree" "$1" \
    >"$RUN/log/setup-$1.out" 2>"$RUN/log/setup-$1.log" </dev/null || fail "no WordPress, see $RUN/log/setup-$1.log"
  tail -n1 "$RUN/log/setup-$1.out" | grep "^http" >>"$RUN/sites.txt" || fail "the set-up said: $(tail -n1 "$RUN/log/setup-$1.out")"
  site_up "$1"
}

main
