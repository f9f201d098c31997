#!/usr/bin/env bash
# Runs the tests with LangChain4j. What is built stays outside of the repository.
# Exits 0 with one line "SKIPPED: …" where a JDK, Maven or the package index is not to be had.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

skip() {
  echo "SKIPPED: Java client tests: $1"
  exit 0
}

command -v javac >/dev/null && command -v mvn >/dev/null || skip 'a JDK (17 or newer) and mvn are needed'
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
maven=(mvn --batch-mode --quiet "-Doutput=$built/target")
if ! "${maven[@]}" test-compile >"$built/log" 2>&1; then
  grep -qE 'Could not (transfer|find) artifact|Could not resolve dependencies' "$built/log" &&
    skip 'the package index cannot be reached'
  cat "$built/log"
  exit 1
fi
"${maven[@]}" surefire:test "$@"
code=$?
# The sum of an attribute over all reports.
sum() {
  cat "$built"/target/surefire-reports/TEST-*.xml 2>/dev/null |
    awk -v name="$1" '/<testsuite /{ if (match($0, " " name "=\"[0-9]+")) total += substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) } END { print total + 0 }'
}
bad=$(($(sum failures) + $(sum errors)))
printf '===== %s passed, %s failed\n' "$(($(sum tests) - bad))" "$bad"
exit "$code"
