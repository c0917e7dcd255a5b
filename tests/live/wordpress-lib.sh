# shellcheck shell=bash
# What the wordpress-*.sh scripts share. Sourced, never run.
#
# Everything a laboratory consists of lies under one run directory:
#   pids/NAME    "pid start-time" of a process group that we started
#   sites.txt    one line per site: URL USER APP_PASSWORD
#   db/ my.sock  the private MariaDB (no TCP)      tree/  WordPress itself
#   log/         what the servers and the set-up said
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=${DONGBO_LIVE_DIR:-${TMPDIR:-/tmp}/dongbo-live}
SOCKET=$RUN/my.sock
# PHP's built-in server takes one request at a time per worker.
WORKERS=${DONGBO_LIVE_WORKERS:-4}
# The exit code for "this machine cannot run the laboratory", as automake has it.
SKIPPED=77

say() { echo "$*" >&2; }
fail() { say "failed: $*"; exit 1; }
skip() { echo "skipped: $*"; exit "$SKIPPED"; }

# MariaDB refuses to run as root, and a site should not own the machine either.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=www-data --regid=www-data --clear-groups "$@"
  else
    "$@"
  fi
}

# Waits until a command succeeds: within SECONDS COMMAND…
within() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# The time a process was started, in clock ticks: with it a recycled pid is told from ours.
# (The name in parentheses may hold spaces, so the fields are counted behind it.)
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Starts a server as the leader of its own process group: launch NAME COMMAND…
launch() {
  local name=$1 pid; shift
  launch_in_background "$name" "$@"
  pid=$!
  echo "$pid $(started "$pid")" >"$RUN/pids/$name"
}

# No subshell may come between: `$!` must be the server's own pid.
launch_in_background() {
  local log=$RUN/log/$1.log; shift
  if [ "$(id -u)" = 0 ]; then
    setsid setpriv --reuid=www-data --regid=www-data --clear-groups "$@" >>"$log" 2>&1 </dev/null &
  else
    setsid "$@" >>"$log" 2>&1 </dev/null &
  fi
}

# Ends one process group that we started, and only if it is still the one: end NAME
end() {
  local file=$RUN/pids/$1 pid start now
  [ -f "$file" ] || return 0
  read -r pid start <"$file" || true
  now=$(started "${pid:-none}" || true)
  # A leader that died may have left workers; its pid is not given away while they live.
  if [ -n "${start:-}" ] && { [ -z "$now" ] || [ "$now" = "$start" ]; }; then
    kill -TERM -- "-$pid" 2>/dev/null || true
    within 10 group_is_gone "$pid" || kill -KILL -- "-$pid" 2>/dev/null || true
    within 5 group_is_gone "$pid" || fail "process group $pid ($1) does not end"
  fi
  rm -f "$file"
}
# Zombies do not count: in a container without an init nobody reaps them.
group_is_gone() {
  local file line state group
  for file in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$file" || continue
    # After the name in parentheses: state, parent, process group.
    read -r state _ group _ <<<"${line##*) }"
    [ "$group" = "$1" ] && [ "$state" != Z ] && return 1
  done
  return 0
}

lab_down() {
  local file
  for file in "$RUN"/pids/php-*; do
    if [ -f "$file" ]; then end "$(basename "$file")"; fi
  done
  end maria
}

sql() { mariadb --no-defaults --user=root --socket="$SOCKET" "$@"; }

# Whether something listens on a loopback port.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

answers() { curl -fsS -o /dev/null -m 10 "http://127.0.0.1:$1/wp-json/"; }

# site_up PORT
site_up() {
  if listens "$1"; then fail "port $1 is taken by something that this laboratory did not start"; fi
  PHP_CLI_SERVER_WORKERS=$WORKERS launch "php-$1" php -d opcache.enable_cli=1 -d opcache.memory_consumption=96 \
    -d upload_max_filesize=32M -d post_max_size=40M -d memory_limit=256M -d display_errors=0 -d log_errors=1 \
    -S "127.0.0.1:$1" -t "$RUN/tree" "$RUN/router.php"
}

# site_port N: the port of the Nth site, counted from 1.
site_port() {
  local url
  url=$(sed -n "${1}p" "$RUN/sites.txt" 2>/dev/null | cut -d' ' -f1)
  [ -n "$url" ] || fail "there is no site $1 in $RUN"
  echo "${url##*:}"
}
