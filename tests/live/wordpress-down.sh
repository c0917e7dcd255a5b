#!/usr/bin/env bash
# Ends what wordpress-up.sh started in the run directory, and nothing else,
# then removes the directory. Does nothing where nothing runs.
#
# DONGBO_LIVE_DIR   run directory (default ${TMPDIR:-/tmp}/dongbo-live)
# DONGBO_LIVE_KEEP  1: leave the directory (logs, databases) for a look
. "$(dirname "${BASH_SOURCE[0]}")/wordpress-lib.sh"

lab_down
if [ "${DONGBO_LIVE_KEEP:-0}" != 1 ] && [ -f "$RUN/.dongbo-live" ]; then rm -rf "$RUN"; fi
