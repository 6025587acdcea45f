# Sourced by bin/dev and bin/test from the project's root: finds Python, keeps .venv equal to the requirement files.
# Console scripts are never used: their first line breaks when the path holds a space. Always `python -m`.

say() { printf '%s\n' "$name: $*"; }

find_python() {
    for candidate in "${PYTHON:-}" python3 python python3.14 python3.13 python3.12 python3.11 \
        "$HOME"/.pyenv/versions/*/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# install STAMP_NAME FILE... : pip install the files unless the stamp says these very contents are installed.
install() {
    stamp=".venv/.installed-$1"
    shift
    now=$("$venv" -c 'import hashlib, sys
print(hashlib.sha256(b"".join(open(name, "rb").read() for name in sys.argv[1:]) + sys.version.encode()).hexdigest())' "$@")
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return 0
    say "installing Python packages (about a minute the first time)"
    started=$(date +%s)
    for file in "$@"; do
        only=
        case $file in *embed*) only=--no-deps ;; esac
        # shellcheck disable=SC2086 # $only is one word or none
        "$venv" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes $only -r "$file" || {
            say "pip could not install $file"
            exit 1
        }
    done
    printf '%s\n' "$now" >"$stamp"
    say "packages installed in $(($(date +%s) - started)) s"
}

set_up() {
    HOME=${HOME:-/tmp}
    export PYTHONUTF8=1 PIP_ROOT_USER_ACTION=ignore
    venv="$PWD/.venv/bin/python"
    # Two starts at once wait for each other here; the lock ends with the descriptor.
    exec 9<bin
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    if ! "$venv" -c 'import pip' 2>/dev/null; then
        python=$(find_python) || {
            say "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv)."
            exit 1
        }
        say "making .venv with $("$python" --version)"
        rm -rf .venv
        "$python" -m venv .venv
    fi
    case $1 in
        run) install run requirements.txt requirements-embed.txt ;;
        test) install test requirements-dev.txt requirements-embed.txt ;;
    esac
    exec 9<&-
}
