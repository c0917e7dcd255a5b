#!/usr/bin/env bash
# Stops one site of the laboratory, or brings it back on the same port with
# everything it had. Both are done when the command returns, and both do
# nothing where they find their work done.
#
#   wordpress-site.sh stop|start N        N counts from 1, as the lines of sites.txt
#
# DONGBO_LIVE_DIR, DONGBO_LIVE_WORKERS: as for wordpress-up.sh
. "$(dirname "${BASH_SOURCE[0]}")/wordpress-lib.sh"

[ $# = 2 ] || fail "usage: wordpress-site.sh stop|start N"
PORT=$(site_port "$2")
case $1 in
  stop) end "php-$PORT" ;;
  start)
    if [ -f "$RUN/pids/php-$PORT" ] && answers "$PORT"; then exit 0; fi
    end "php-$PORT"
    site_up "$PORT"
    within 60 answers "$PORT" || fail "the site on port $PORT does not answer, see $RUN/log/php-$PORT.log"
    ;;
  *) fail "usage: wordpress-site.sh stop|start N" ;;
esac
