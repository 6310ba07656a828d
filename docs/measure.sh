#!/usr/bin/env bash
# Prints the figures of docs/measurements.md about the suite as it is built here: programs, rows and
# seconds of each profile, the time to read the vectors, their size, mutants and coverage.
# Argument: the bpf-assay to measure; default is the release build.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
assay=${1:-$root/build/release/bin/bpf-assay}
[ -x "$assay" ] || { echo "$assay: not built; run scripts/conformance first" >&2; exit 2; }

echo "vectors: $(find "$root/vectors" -name '*.yaml' -print0 | xargs -0 cat | wc -c) bytes," \
    "$("$assay" run --list | wc -l) ids," \
    "$("$assay" run --list --kind explicit | wc -l) of them explicit"
seconds() { # of the fastest of three
    for _ in 1 2 3; do
        local start=$EPOCHREALTIME
        "$@" >/dev/null
        local end=$EPOCHREALTIME
        echo $(((${end/./} - ${start/./}) / 1000))
    done | sort -n | head -n 1 | sed -E 's/^/000/; s/0*([0-9]+)([0-9]{3})$/\1.\2 s/'
}
echo "read and assembled in $(seconds "$assay" run --list)"
for profile in smoke default full; do
    for plugin in reference_vm linux_kernel 'linux_kernel --type socket_filter'; do
        # A divergence of the kernel is a result here, not a failure.
        line=$("$assay" run --profile "$profile" -p "$plugin" --unavailable-status 0 | grep -m 1 -E 'programs,|not run:' || true)
        printf '%-8s %-34s %s\n' "$profile" "$plugin" "$line"
    done
done
for order in little big; do
    echo "mutants ($order): $("$assay" mutants --byte-order "$order" | sed -n '1p;/^all/p' | tr -s ' ' | paste -sd '|')"
done
"$assay" coverage | tail -n 12
