#!/usr/bin/env bash
# The page's tests in a real browser: run.sh FOLDER [REPORT]. Packages go to FOLDER; REPORT is a finished
# page that the views are tested on, too. Exit status 77, with the reason, if something that the tests
# need is not here.
set -euo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
skip() {
    printf '  not run: %s\n' "$*"
    exit 77
}
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
[ -n "$CHROMIUM" ] || skip "the report in a browser: no chromium; apt-get install chromium"
command -v node >/dev/null && command -v npm >/dev/null || skip "the report in a browser: no Node; apt-get install nodejs npm"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || skip "the report in a browser: Node $(node --version), and it takes 20"
mkdir -p "$1"
cd "$1"
if ! cmp -s "$tests/package-lock.json" package-lock.json || [ ! -d node_modules/axe-core ]; then
    cp "$tests"/package.json "$tests"/package-lock.json .
    npm ci --no-audit --no-fund --silent || skip "the report in a browser: npm could not get playwright-core and axe-core"
fi
export NODE_PATH=$PWD/node_modules
node --test "$tests/fixture.test.js" "$tests/views.test.js"
[ $# -lt 2 ] || REPORT=$2 node --test "$tests/views.test.js"
