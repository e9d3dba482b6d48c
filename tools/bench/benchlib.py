"""What `run` and `instructions` share: building the programs, running one, the canned server, printing a table."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PGSERVER = ROOT / "tools" / "pgserver"


def die(what):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {what}")


def need_packages(*names):
    """Installs Debian packages that are missing, or ends with the command to type."""
    script = 'source "$0"; program=$1; shift; need_packages "$@"'
    done = subprocess.run(["bash", "-c", script, ROOT / "tools" / "lib.sh", pathlib.Path(sys.argv[0]).name, *names])
    if done.returncode != 0:
        sys.exit(1)


def build(folder):
    """Builds the programs with the release preset into `folder`; its output is shown only when it fails."""
    commands = [
        ["cmake", "--preset", "release", "-B", folder],
        ["cmake", "--build", folder, "--target", "tools/bench/all"],
    ]
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            sys.stderr.write(done.stdout + done.stderr)
            die("the build failed")
    return programs_in(folder)


def programs_in(folder):
    return pathlib.Path(ROOT, folder, "tools", "bench")


def environment():
    """Ours, without what would change how a client connects."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def command_of(programs, client, dsn, row, repeat, series=None):
    return [str(programs / f"bench_{client}"), dsn, row, str(repeat)] + ([str(series)] if series else [])


def run_client(command):
    """Runs a bench program; what its line of JSON says, and its standard error."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode != 0:
        die(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout), done.stderr


def clients_of(programs, wanted):
    """Those of the clients that could be built here."""
    found = [client for client in wanted if (programs / f"bench_{client}").exists()]
    for client in wanted:
        if client not in found:
            print(f"{client} is left out: its development package is not installed", file=sys.stderr)
    return found


def libpq_version():
    done = subprocess.run(["pkg-config", "--modversion", "libpq"], capture_output=True, text=True)
    return done.stdout.strip() or "of unknown version"


def dsn_of(folder, port, user="auth_trust"):
    secret = " password=tusk" if user == "auth_scram" else ""
    return f"host={folder} port={port} user={user}{secret} dbname=tusk"


@contextlib.contextmanager
def canned_server(programs):
    """The canned server in a folder of its own; gives its DSN."""
    with tempfile.TemporaryDirectory(prefix="tusk-bench.") as folder:
        server = subprocess.Popen(
            [programs / "bench_canned", folder, "5432"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            if server.stdout.readline() != "ready\n":
                die("the canned server did not start")
            yield dsn_of(folder, 5432)
        finally:
            server.stdin.close()
            server.wait()


def rerun_with_server(version):
    """Starts this program again as the command of tools/pgserver; comes back in that second run."""
    if "TUSK_BENCH_SERVER" in os.environ:
        return
    os.environ["TUSK_BENCH_SERVER"] = version
    settings = ["-c", "autovacuum=off", "-c", "jit=off"]
    command = [PGSERVER, "run", "--tls", "--version", version, *settings, "--", sys.executable, *sys.argv]
    os.execv(PGSERVER, [str(word) for word in command])


def server_socket():
    return os.environ["TUSK_SOCKET_DIR"], os.environ["TUSK_PORT"]


def table(lines):
    """Prints lines of cells in columns: the first to the left, the others to the right."""
    widths = [max(len(re.sub("\033\\[[0-9]*m", "", line[i])) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())
