#!/usr/bin/env bash
# Runs the tests with the clients of Go: the newest versions, then those that read streams in their own way.
# Exits 0 with one line "SKIPPED: …" where Go or the module proxy is not to be had.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

skip() {
  echo "SKIPPED: Go client tests: $1"
  exit 0
}

export PATH=$PATH:/usr/local/go/bin GOFLAGS=-buildvcs=false GOTOOLCHAIN=local
command -v go >/dev/null || skip 'go is needed'
passed=0
failed=0
broken=0
for versions in go oldest v3.40; do
  go list -modfile="$versions.mod" -deps -test . >/dev/null 2>&1 ||
    skip "the modules of $versions.mod cannot be had, or go is too old"
  log=$(mktemp)
  go test -modfile="$versions.mod" -count=1 -parallel 32 -timeout 20m -v "$@" . 2>&1 | tee "$log" | grep -vE '^ *(=== |--- PASS)'
  [ "${PIPESTATUS[0]}" -eq 0 ] || broken=1
  passed=$((passed + $(grep -cE '^ +--- PASS' "$log")))
  failed=$((failed + $(grep -cE '^ +--- FAIL' "$log")))
  rm -f "$log"
done
printf '===== %s passed, %s failed\n' "$passed" "$failed"
[ "$broken" -eq 0 ]
