#!/usr/bin/env bash
# Runs the vectors on a runtime and holds the results against a baseline and a policy: what action.yml
# and gitlab.yml call, and what runs by hand as well. docs/ci-drop-in.md.
set -euo pipefail

usage() {
    cat <<'END'
Usage: ci/gate.sh --plugin COMMAND [options] [-- ARGUMENTS of `bpf-assay run`]

  --plugin COMMAND    the runtime's plugin, as `bpf-assay run` takes it
  --baseline FILE     results of the past (default: bpf-assay-baseline.json). If there are none, they are
                      written to <output>/new-baseline.json, to be kept as FILE, and the status is 2,
                      as nothing was compared; or 1, if the policy keeps the gate shut or a vector was
                      not run, in which case they are not written
  --policy FILE       what must hold, and what may fail (docs/ci-gate.md)
  --divergences FILE  known divergences of the runtime (docs/policy.md)
  --profile P         smoke, default or full (default: default)
  --archive WHERE     path or URL of bpf-assay-<version>-<system>.tar.gz. If left out, this script's own
                      bpf-assay is used: the one it was installed with, or else it is built
  --sha256 SUM        of the archive
  --output FOLDER     gets results.json, junit.xml and summary.md (default: bpf-assay-results)

Each may be given as an environment variable, too: BPF_ASSAY_PLUGIN and so on; the arguments as words of
BPF_ASSAY_ARGUMENTS. In a GitHub workflow, findings are annotations, and the summary is that of the step.

Exit status: 0 the gate is open, 1 it is shut, 2 unusable input or setup.
END
}

say() { printf '== %s\n' "$*" >&2; }
fail() {
    printf 'ci/gate.sh: %s\n' "$*" >&2
    exit 2
}

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)

read_options() {
    plugin=${BPF_ASSAY_PLUGIN:-} policy=${BPF_ASSAY_POLICY:-}
    divergences=${BPF_ASSAY_DIVERGENCES:-} profile=${BPF_ASSAY_PROFILE:-default}
    archive=${BPF_ASSAY_ARCHIVE:-} sha256=${BPF_ASSAY_SHA256:-}
    baseline=${BPF_ASSAY_BASELINE:-bpf-assay-baseline.json}
    output=${BPF_ASSAY_OUTPUT:-bpf-assay-results}
    gate_arguments=()
    read -r -d '' -a arguments <<<"${BPF_ASSAY_ARGUMENTS:-}" || true # its end is no NUL
    while [ $# -gt 0 ]; do
        case $1 in
        --plugin | --baseline | --policy | --divergences | --profile | --archive | --sha256 | --output)
            [ $# -ge 2 ] || fail "$1 needs a value"
            printf -v "${1#--}" '%s' "$2"
            shift 2
            ;;
        -h | --help) usage && exit 0 ;;
        --) shift && arguments=("$@") && break ;;
        *) fail "there is no option '$1'; --help lists them" ;;
        esac
    done
    [ -n "$plugin" ] || fail "no plugin: --plugin COMMAND, or BPF_ASSAY_PLUGIN"
    # Words that `bpf-assay gate` has to know, too: it runs findings again.
    local i
    for ((i = 0; i < ${#arguments[@]}; i++)); do
        case ${arguments[i]} in
        --vectors | --timeout | --r0-bits) gate_arguments+=("${arguments[@]:i:2}") ;;
        --vectors=* | --timeout=* | --r0-bits=*) gate_arguments+=("${arguments[i]}") ;;
        esac
    done
    local folder file
    folder=$(dirname -- "$baseline")
    [ "$(realpath -m -- "$folder")" != "$(realpath -m -- "$output")" ] ||
        fail "$baseline: what is in $output is written anew; keep the baseline elsewhere"
    for file in "$policy" "$divergences"; do
        [ -z "$file" ] || [ -f "$file" ] || fail "$file: there is no such file"
    done
}

# Sets `program` to that of the archive, unpacked in the folder $1.
unpack_archive() {
    local file=$archive
    case $archive in
    *://*)
        file=$1/archive.tar.gz
        say "fetching $archive"
        curl -fsSL --retry 3 -o "$file" "$archive" || fail "$archive could not be fetched"
        ;;
    *) [ -f "$file" ] || fail "$file: there is no such archive" ;;
    esac
    if [ -n "$sha256" ]; then
        command -v sha256sum >/dev/null || fail "sha256sum is missing, so the archive cannot be checked"
        printf '%s  %s\n' "${sha256#sha256:}" "$file" | sha256sum --check --status ||
            fail "$archive does not have the SHA-256 $sha256"
    fi
    tar -xzf "$file" -C "$1" --strip-components=1 || fail "$archive is no archive"
    program=$1/bin/bpf-assay
    [ -x "$program" ] || fail "$archive holds no bin/bpf-assay"
}

# Sets `program` to that of the tree that this script lies in.
own_program() {
    [ -z "$sha256" ] || fail "--sha256 is that of an archive, and there is none"
    program=$here/../../../bin/bpf-assay # <prefix>/share/bpf-assay/ci
    [ ! -e "$here/../CMakeLists.txt" ] && [ -x "$program" ] && return
    say "no archive: building bpf-assay"
    # shellcheck source=scripts/prepare.sh
    (. "$here/../scripts/prepare.sh" && ensure_packages build package &&
        build_preset package -- --target bpf-assay) || exit 2
    program=$here/../build/package/bin/bpf-assay
}

# The vectors. Divergences are for the gate to judge, and so is a run that has results in spite of 2.
# What a plugin says must not become a command of the workflow.
run_vectors() {
    local status=0 word=
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        printf '::stop-commands::%s\n' "$word"
    fi
    "$program" run --plugin "$plugin" --profile "$profile" --output "$output/results.json" \
        ${divergences:+--divergences "$divergences"} "${arguments[@]}" || status=$?
    [ -z "$word" ] || printf '::%s::\n' "$word"
    [ -s "$output/results.json" ] || exit 2
    say "bpf-assay run: status $status"
}

hold_against_baseline() {
    local status=0 compared=$baseline forms=()
    [ -e "$baseline" ] || compared=$output/new-baseline.json
    [ "${GITHUB_ACTIONS:-}" != true ] || forms+=(--github)
    "$program" gate "$output/results.json" --baseline "$compared" --plugin "$plugin" \
        ${policy:+--policy "$policy"} ${divergences:+--divergences "$divergences"} \
        --junit "$output/junit.xml" --markdown "$output/summary.md" \
        "${forms[@]}" "${gate_arguments[@]}" || status=$?
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || [ ! -f "$output/summary.md" ] ||
        cat "$output/summary.md" >>"$GITHUB_STEP_SUMMARY"
    if [ ! -e "$baseline" ] && [ "$status" -ne 2 ]; then
        say "$baseline: there is no baseline, so nothing was compared"
        [ ! -e "$compared" ] || say "keep $compared there"
        [ "$status" -ne 0 ] || status=2
    fi
    return "$status"
}

read_options "$@"
mkdir -p -- "$output" || fail "$output cannot be made a folder"
rm -f -- "$output"/{results.json,new-baseline.json,junit.xml,summary.md} || fail "$output cannot be written"
scratch=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/bpf-assay.XXXXXX") || fail "no folder for temporary files"
trap 'rm -rf "$scratch"' EXIT
if [ -n "$archive" ]; then unpack_archive "$scratch"; else own_program; fi
version=$("$program" --version) || fail "$program does not start on this machine"
say "$version"
run_vectors
hold_against_baseline
