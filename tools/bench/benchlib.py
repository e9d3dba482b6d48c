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


def program_of(programs, client, row):
    """The Asio face has a program of its own, and so have the rows of typed.hpp."""
    if row.startswith("read_"):
        return programs / f"bench_{client}_types"
    return programs / f"bench_{'asio' if client == 'tusk' and row.startswith('asio_') else client}"


def command_of(programs, client, dsn, row, repeat, series=None):
    return [str(program_of(programs, client, row)), dsn, row, str(repeat)] + ([str(series)] if series else [])


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


def rows_of(programs, rows):
    """Those of the rows that tusk can do here: the ones of the Asio face need Asio's headers."""
    found = [row for row in rows if program_of(programs, "tusk", row).exists()]
    for row in rows:
        if row not in found:
            print(f"{row} is left out: Asio (libasio-dev) is not installed", file=sys.stderr)
    return found


def system_calls(command_of_times, repeat, without=()):
    """Calls a repetition, but for those of these names: what `repeat` more repetitions add. None if strace fails."""
    sums = []
    for times in (1, 1 + repeat):
        strace = ["strace", "-f", "-c", "-U", "calls,name", "-o", "/dev/stdout"]
        strace += ["-e", "trace=!" + ",".join(without)] if without else []
        done = subprocess.run([*strace, *command_of_times(times)], capture_output=True, text=True, env=environment())
        found = re.search(r"^ *(\d+) +total$", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not found:
            return None
        sums.append(int(found[1]))
    return (sums[1] - sums[0]) / repeat


def print_goals(rows, number="{:,}"):
    """The table of rows that have a goal."""
    lines = [["row", "tusk", "libpq", "goal", ""]]
    for row in rows:
        verdict = "reached" if row["tusk"] <= row["goal"] else f"{row['tusk'] / row['goal']:.2f} times the goal"
        figures = [number.format(row[of]) if row[of] else "-" for of in ("tusk", "libpq", "goal")]
        lines.append([row["name"], *figures, verdict])
    table(lines)


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
