#!/usr/bin/env bash
# Starts a Windows program under Wine, as a plugin is started: wine.sh PROGRAM.exe [ARGUMENT...]
#
# Wine's server and services outlive the program and would hold its pipes open, so that whoever waits
# for their end waits for ever. So they are started first, apart from these pipes; they end by
# themselves when no program has needed them for a while. WINEPREFIX is the folder of Wine's settings
# (some 700 MB, made at the first start), below ~/.cache if it is not set.
set -euo pipefail

fail() {
    printf 'wine.sh: %s\n' "$*" >&2
    exit 2
}

[ $# -gt 0 ] || fail "name a Windows program"
[ -f "$1" ] || fail "$1: no such program"

wine=${WINE:-}
for candidate in wine64 /usr/lib/wine/wine64 wine; do
    [ -n "$wine" ] || wine=$(command -v "$candidate" || true)
done
[ -n "$wine" ] || fail "Wine is missing; apt-get install wine64"

export WINEPREFIX=${WINEPREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/bpf-assay/wine}
export WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES=${WINEDLLOVERRIDES:-mscoree=;mshtml=} # no questions about .NET and HTML
unset DISPLAY WAYLAND_DISPLAY
mkdir -p "$WINEPREFIX"

# One at a time: of two that find no prefix, both would make it.
exec {lock}>"$WINEPREFIX/.lock"
flock "$lock"
setsid -w "$wine" wineboot </dev/null >/dev/null 2>&1 {lock}>&- ||
    fail "Wine does not start; try: WINEPREFIX=$WINEPREFIX WINEDEBUG= $wine wineboot"
exec {lock}>&-

exec "$wine" "$@"
