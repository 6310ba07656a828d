#!/usr/bin/env bash
# The page's tests in real browsers: run.sh FOLDER [REPORT]. Packages go to FOLDER; REPORT is a finished
# page that the views are tested on, too. Exit status 77, with the reason, if something that the tests
# need is not here. Without Firefox, Chromium's tests still run.
set -euo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LIMIT=300 # seconds of a file of tests; it takes 60 of them on two slow cores
note() { printf '  not run: %s\n' "$*"; }
skip() {
    note "$@"
    exit 77
}

# Browsers install a seccomp filter, which is BPF, even without their sandbox. A kernel whose BPF is locked up
# (labs can do that to it) never answers, and who asks cannot be killed any more: so it is asked by
# a process that nobody has to wait for, and that holds nothing of ours open.
answers_seccomp() {
    setsid python3 -c '
import ctypes
class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction))]
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
allow = Instruction(code=0x06, k=0x7FFF0000)  # return SECCOMP_RET_ALLOW
prctl = ctypes.CDLL(None).prctl
prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0))
prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(Program(1, ctypes.pointer(allow))))
' </dev/null >/dev/null 2>&1 &
    local asked=$!
    disown "$asked"
    for ((tenths = 0; tenths < 100; ++tenths)); do
        kill -0 "$asked" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
[ -n "$CHROMIUM" ] || skip "the report in a browser: no chromium; apt-get install chromium"
command -v node >/dev/null && command -v npm >/dev/null || skip "the report in a browser: no Node; apt-get install nodejs npm"
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 11) ? 0 : 1)' ||
    skip "the report in a browser: Node $(node --version), and it takes 20.11"
answers_seccomp || skip "the report in a browser: this machine's kernel does not answer seccomp(2) (its BPF is locked up; reboot)"
mkdir -p "$1"
report=${2:+$(realpath "$2")}
cd "$1"
if ! cmp -s "$tests/package-lock.json" package-lock.json || [ ! -d node_modules/puppeteer-core ]; then
    cp "$tests"/package.json "$tests"/package-lock.json .
    timeout 300 npm ci --no-audit --no-fund --silent || skip "the report in a browser: npm could not get playwright-core, puppeteer-core and axe-core"
fi
export NODE_PATH=$PWD/node_modules
files=("$tests/fixture.test.js" "$tests/views.test.js")
export FIREFOX=${FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}
# Where Firefox is a snap, the command may only say how to get it.
if [ -z "$FIREFOX" ]; then
    note "the report in Firefox: no firefox; apt-get install firefox-esr"
elif ! timeout 60 "$FIREFOX" --version >/dev/null 2>&1; then
    note "the report in Firefox: $FIREFOX does not tell its version"
else
    files+=("$tests/firefox.test.js")
fi
node --test --test-timeout=$((1000 * LIMIT)) "${files[@]}"
[ -z "$report" ] || REPORT=$report node --test --test-timeout=$((1000 * LIMIT)) "$tests/views.test.js"
