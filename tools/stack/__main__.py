"""tools/run after the build: starts the suite and keeps it up. See --help."""
import argparse
import fcntl
import os
import signal
import sys
import threading
import time
from pathlib import Path

from . import demo
from .process import alive, wait_until
from .stack import ROOT, Stack

EPILOG = """\
exit codes: 0 ended in order, 1 could not start, 2 bad arguments
afterwards: source STATE/dev.env; then use $CTC_URL, $CTC_TENANT and $CTC_TOKEN with curl
"""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tools/run", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Builds and runs click-to-call with a private database and the provider simulator.")
    parser.add_argument("command", nargs="?", choices=["start", "stop", "status"], default="start")
    parser.add_argument("--port", type=int, default=8080, help="port of the REST edge (8080; 0: any)")
    parser.add_argument("--state", default=str(ROOT / "var"), help="folder of all data (var)")
    parser.add_argument("--distributed", action="store_true",
                        help="every service as a process of its own, over gRPC")
    parser.add_argument("--detach", action="store_true", help="return once it is up")
    parser.add_argument("--no-demo", action="store_true", help="no demo tenant, no demo call")
    return parser.parse_args(arguments)


def lock(state: Path):
    """Held by the supervisor for its life; None when another one holds it. A pid file alone proves nothing: after a power
    cut its number may be a stranger's."""
    held = open(state / "run.lock", "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held


def pid_of(state: Path):
    try:
        free = lock(state)
        if free:
            free.close()
            return None
        return int((state / "run.pid").read_text())
    except (OSError, ValueError):
        return None


def stop(state: Path) -> int:
    pid = pid_of(state)
    if not pid:
        print("tools/run: nothing runs")
        return 0
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not alive(pid), 90, "the suite to stop")
    print("stopped")
    return 0


def status(state: Path) -> int:
    pid = pid_of(state)
    print(f"running, pid {pid}" if pid else "not running")
    return 0 if pid else 1


def detach(state: Path, arguments) -> int:
    """Forks: the child becomes the supervisor, the parent shows its output until it is up."""
    state.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(reader)
        log = os.open(state / "run.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(writer, 1)
        os.dup2(log, 2)
        devnull = os.open(os.devnull, os.O_RDONLY)
        os.dup2(devnull, 0)
        os.close(writer)

        def quiet():
            sys.stdout.flush()
            os.dup2(log, 1)
        os._exit(serve(state, arguments, when_up=quiet))
    os.close(writer)
    with os.fdopen(reader) as lines:
        for line in lines:
            print(line, end="", flush=True)
    return 0 if pid_of(state) and (state / "dev.env").exists() | arguments.no_demo else 1


def runs_already(state: Path) -> int:
    print(f"tools/run: it runs already (pid {pid_of(state)}); see tools/run stop", file=sys.stderr)
    return 1


def watch(database, ending: threading.Event):
    """A database that died is started again, as the services are by their own watchers."""
    while not ending.wait(0.5):
        if database and not database.pid():
            database.launch()


def serve(state: Path, arguments, when_up=lambda: None) -> int:
    # Whoever looks whether it runs has the lock for a moment.
    held = next(filter(None, (lock(state) or time.sleep(0.05) for _ in range(20))), None)
    if not held:
        return runs_already(state)
    (state / "run.pid").write_text(f"{os.getpid()}\n")
    stack = Stack(state, port=arguments.port, distributed=arguments.distributed)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        begun = time.monotonic()
        stack.start(progress=lambda what: print(f"starting {what}", flush=True))
        print(f"up in {time.monotonic() - begun:.1f} s: {stack.url}", flush=True)
        if not arguments.no_demo:
            made = demo.prepare(stack)
            env_file = demo.write_env(stack, made)
            print("demo call:", flush=True)
            demo.place_call(made)
            print(f"\nnext:  source {os.path.relpath(env_file)}\n"
                  f"       curl -H \"Authorization: Bearer $CTC_TOKEN\" -H \"X-Tenant-ID: $CTC_TENANT\""
                  f" $CTC_URL/api/v1/click-to-call/sessions\n"
                  f"docs:  {stack.url}/docs\nlogs:  {os.path.relpath(stack.state / 'logs')}", flush=True)
        when_up()
        watch(stack.database, ending)
        return 0
    except (RuntimeError, TimeoutError, OSError) as error:
        print(f"tools/run: {error}", file=sys.stderr, flush=True)
        print(f"tools/run: {error}", flush=True)
        return 1
    finally:
        stack.stop()
        (state / "run.pid").unlink(missing_ok=True)
        held.close()


def main() -> int:
    arguments = parse(sys.argv[1:])
    state = Path(arguments.state).resolve()
    if arguments.command == "stop":
        return stop(state)
    if arguments.command == "status":
        return status(state)
    if pid_of(state):
        return runs_already(state)
    state.mkdir(parents=True, exist_ok=True)
    return detach(state, arguments) if arguments.detach else serve(state, arguments)


sys.exit(main())
