#!/bin/sh
# Make the virtual environment $VENV with CPython 3.11; where the machine has none, uv fetches one.
set -eu
[ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && exit 0
rm -rf "$VENV"
for candidate in "$PYTHON" python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        exec "$candidate" -m venv "$VENV"
    fi
done
echo "This machine has no CPython 3.11 (with venv); uv will fetch one." >&2
echo "本机没有带 venv 的 CPython 3.11，将通过 uv 下载一个。" >&2
if ! command -v uv >/dev/null 2>&1; then
    command -v python3 >/dev/null 2>&1 || {
        echo "No python3 either. Install it first (Debian/Ubuntu: apt-get install python3 python3-venv)." >&2
        echo "本机也没有 python3，请先安装（Debian/Ubuntu：apt-get install python3 python3-venv）。" >&2
        exit 1
    }
    python3 -m venv "$VENV.uv"
    "$VENV.uv/bin/pip" install --quiet uv
    PATH="$PWD/$VENV.uv/bin:$PATH"
fi
uv venv --seed --python 3.11 "$VENV"
rm -rf "$VENV.uv"
