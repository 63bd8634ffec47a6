"""tools/bench: the suite against a peer on one machine, in one run."""
import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .stack import ROOT, Stack, write_secret

TENANT = "tenant-1"
SECRET = "whsec-tenant-1"


class PeerDatabase:
    """The peer's own MariaDB server, so that both stand on the same one; ours is the schema ctc_cpp."""

    def __init__(self, state: Path):
        self.url = "mysql://ctc@/ctc_cpp?socket=/tmp/ctc-peers/mysqld.sock"
        self.password_file = state / "secrets" / "db_password"
        self.password_file.parent.mkdir(parents=True, exist_ok=True)
        write_secret(self.password_file, "ctc")

    def start(self):
        pass

    def stop(self):
        pass


def parse():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--peers", required=True, help="folder of the peer and its load scripts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--distributed", action="store_true")
    parser.add_argument("--keep-state", action="store_true", help="do not empty the suite's schema first")
    parser.add_argument("--rows", type=int, default=0, metavar="N",
                        help="put N ended sessions into the suite's schema first (and do not empty its tables)")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES",
                        help="instead: the suite alone under a steady mixed load, its memory once a minute")
    parser.add_argument("scenario", nargs="*", help="substring of a scenario's name; all when none is given")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    work = ROOT / "var" / "bench"
    peers = work / "peers"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(arguments.peers, peers)
    for path in [peers, *peers.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    subprocess.run(["./up.sh"], cwd=peers, check=True)
    if not arguments.keep_state:
        subprocess.run(["./db.sh", "sql", "mysql"], cwd=peers, check=True, text=True,
                       input="DROP DATABASE ctc_cpp; CREATE DATABASE ctc_cpp;")
    stack = Stack(work / "suite", distributed=arguments.distributed, simulator=False,
                  extra_env={"CTC_GATEWAY_RATE_PER_SECOND": "1000000", "CTC_GATEWAY_RATE_BURST": "1000000"})
    stack.database = PeerDatabase(stack.state)
    try:
        stack.start(progress=lambda what: print(f"starting {what}", flush=True))
        target = make_target(stack)
        if arguments.rows:
            fill(peers, arguments.rows)
            del target["reset"]
        if arguments.soak:
            soak(stack, peers, target, arguments.soak)
            return 0
        (peers / "suite.json").write_text(json.dumps([target]))
        subprocess.run(["./bench.py", "-r", str(arguments.rounds), "-s", str(arguments.seconds),
                        "-t", "targets.json,suite.json", "-o", "suite", *arguments.scenario],
                       cwd=peers, check=True)
        print(table(json.loads((peers / "out" / "suite.json").read_text())))
    finally:
        stack.stop()
        subprocess.run(["./down.sh"], cwd=peers)
    return 0


def make_target(stack) -> dict:
    token = stack.create_key(TENANT, "bench")
    api = stack.api(TENANT, token)
    answer = api.post("/api/v1/voip-providers", {
        "provider_name": "Primary Asterisk", "provider_type": "ASTERISK",
        "api_url": "http://127.0.0.1:27188", "auth_token": "asterisk-auth-token",
        "webhook_secret": SECRET, "phone_number": "+10987654321", "caller_id": "Acme",
        "dial_plan_prefix": "100", "timeout_seconds": 5, "priority": 1})
    if not answer.ok:
        raise RuntimeError(f"the suite answered {answer.status}: {answer.body}")
    # As the peer's: each round begins with empty tables. The counter tells the suite to forget what it keeps.
    reset = ("TRUNCATE click_to_call_session; TRUNCATE call_leg; TRUNCATE call_event;"
             " TRUNCATE click_to_call_webhook_log; UPDATE feed_sequence SET writes = writes + 1;")
    pids = " ".join(str(child.pid) for child in stack.services())
    return {"name": "suite", "base": stack.url, "token": token, "tenant": TENANT, "secret": SECRET,
            "pids": f"echo {pids}", "reset": f"echo '{reset}' | ./db.sh sql ctc_cpp"}


def fill(peers: Path, rows: int):
    subprocess.run(["./db.sh", "sql", "ctc_cpp"], cwd=peers, check=True, text=True, input=f"""
        INSERT INTO click_to_call_session (id, tenant_id, session_id, status, to_phone, correlation_id, submission,
            duration_seconds, agent_id, created_at, updated_at)
        SELECT CONCAT('01890000-', LPAD(HEX(seq DIV 65536), 4, '0'), '-7000-8000-0000', LPAD(HEX(seq), 8, '0')),
            '{TENANT}', CONCAT('sess_', LPAD(seq, 26, '0')), 'COMPLETED', '+15550001111', seq, 'ACCEPTED', 30,
            CONCAT('agent-', seq % 200), NOW(3), NOW(3) FROM seq_1_to_{rows};
        UPDATE feed_sequence SET writes = writes + 1;""")
    print(f"{rows} sessions put in", flush=True)


def soak(stack, peers: Path, target: dict, minutes: float):
    """Prints the resident memory of the suite's processes after each minute of a mixed load of 400 requests a second."""
    begun = time.time()
    while time.time() - begun < minutes * 60:
        pids = ",".join(str(child.pid) for child in stack.services())
        ended = subprocess.run(
            ["bin/loadgen", "-base", target["base"], "-token", target["token"], "-tenant", TENANT, "-secret", SECRET,
             "-scenario", "mixed", "-c", "64", "-rate", "400", "-d", "60s", "-prep", "500", "-state", "run/soak",
             "-pids", f"app={pids}"], cwd=peers, check=True, capture_output=True, text=True)
        run = json.loads(ended.stdout)
        print(f"minute {(time.time() - begun) / 60:5.1f}: {run['rss_mb_app']} MB, {run['rate']:.0f} requests/s,"
              f" p99 {run['p99_ms']:.1f} ms, answers {run['codes']}", flush=True)


def table(results: dict) -> str:
    """Median of the per-round ratios to the first target, which is the peer."""
    lines = ["", "| scenario | rate, peer | rate, suite | rate ratio | p99 ratio | suite CPU us | database CPU us,"
             " peer / suite |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, by in results.items():
        peer, suite = by.get("go", []), by.get("suite", [])
        if not peer or not suite:
            continue
        def ratio(key):
            return statistics.median(s[key] / p[key] for p, s in zip(peer, suite) if p[key])
        def mid(rows, key):
            return statistics.median(r[key] for r in rows)
        bad = sum(n for row in suite for code, n in row["codes"].items() if not code.startswith("2"))
        lines.append(f"| {name} | {mid(peer, 'rate'):.0f} | {mid(suite, 'rate'):.0f} | {ratio('rate'):.2f} |"
                     f" {ratio('p99_ms'):.2f} | {mid(suite, 'cpu_us_app'):.0f} |"
                     f" {mid(peer, 'cpu_us_db'):.0f} / {mid(suite, 'cpu_us_db'):.0f} |"
                     + (f" {bad} not 2xx" if bad else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
