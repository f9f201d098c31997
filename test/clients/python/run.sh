#!/usr/bin/env bash
# Runs the tests with the clients of Python, in a virtual environment beside this file: all of them, or what the
# arguments, which go to pytest, name (`run.sh ../pipecat`).
# Exits 0 with one line "SKIPPED: …" where Python or the package index is not to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

skip() {
  echo "SKIPPED: Python client tests: $1"
  exit 0
}

python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  skip 'python3 (3.11 or newer) with venv is needed'

pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet --retries 2 --timeout 30)
installed=.venv/requirements.txt
if ! cmp -s requirements.txt "$installed" || ! .venv/bin/python -c '' 2>/dev/null; then
  rm -rf .venv
  python3 -m venv .venv
  if ! "${pip[@]}" install --require-hashes --requirement requirements.txt 2>.venv/pip.log; then
    # An index that cannot even give pip itself is missing; otherwise the requirements are at fault.
    "${pip[@]}" download --no-deps --no-cache-dir --dest .venv/probe pip >/dev/null 2>&1 ||
      skip 'the package index cannot be reached'
    cat .venv/pip.log >&2
    exit 1
  fi
  cp requirements.txt "$installed"
fi

exec env PYTHONPATH="$PWD" PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m pytest -c pytest.ini "$@"
