# Sourced by the other scripts: installs what is missing, configures and builds.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*" >&2; }
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 2
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Of the alternatives a|b|c: the first that is installed, else the first that apt can install.
choose_package() {
    local package alternatives
    IFS='|' read -r -a alternatives <<<"$1"
    for package in "${alternatives[@]}"; do
        if is_installed "$package"; then
            printf '%s\n' "$package"
            return
        fi
    done
    for package in "${alternatives[@]}"; do
        if [ -n "$(apt-cache madison "$package" 2>/dev/null)" ]; then
            printf '%s\n' "$package"
            return
        fi
    done
    printf '%s\n' "${alternatives[0]}"
}

# Prints the packages of scripts/packages.txt that are missing, one a line. $@: roles (build, test).
missing_packages() {
    local role alternatives package
    while read -r role alternatives; do
        case " $* " in *" $role "*) ;; *) continue ;; esac
        package=$(choose_package "$alternatives")
        is_installed "$package" || printf '%s\n' "$package"
    done < <(grep -v '^#' "$root/scripts/packages.txt")
}

# Installs them.
ensure_packages() {
    local missing as_root=()
    command -v dpkg-query >/dev/null ||
        fail "this machine has no dpkg; install what scripts/packages.txt lists, then use cmake --preset release"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "missing packages; as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "updating the package lists"
    "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the lists that are there"
    mapfile -t missing < <(missing_packages "$@") # now alternatives are chosen from fresh lists
    say "installing ${missing[*]}"
    # Another apt at work ends by itself.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq "${missing[@]}" >&2 ||
        fail "apt-get could not install: ${missing[*]}"
}

# The same for what is good to have: without it, the runtimes that need it are not available.
want_packages() {
    (ensure_packages "$@") || say "going on without some of the runtimes"
}

# Prints the first of the versions $2... of which the program $1-<version> is installed.
newest_installed() {
    local program=$1 version
    shift
    for version in "$@"; do
        if command -v "$program-$version" >/dev/null; then
            printf '%s\n' "$version"
            return
        fi
    done
    return 1
}

# Configures and builds the preset $1. Further arguments go to the configuration, those after a --
# to the build. A -B among them names another build folder.
build_preset() {
    local preset=$1 folder="$root/build/$1" configure=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        configure+=("$1")
        [ "$1" != -B ] || folder=$2
        shift
    done
    [ $# -eq 0 ] || shift
    say "building in $folder"
    cd "$root"
    mkdir -p "$folder"
    cmake --preset "$preset" "${configure[@]}" >"$folder/configure.log" 2>&1 || {
        cat "$folder/configure.log" >&2
        fail "cmake --preset $preset failed"
    }
    cmake --build "$folder" -j "$(nproc)" "$@" >&2 || fail "the build failed"
}
