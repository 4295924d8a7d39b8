#!/usr/bin/env python3
"""Through the queue: smtp-source -> server -> smtp-sink, Daybook against Postfix in one run.

    queue_bench.py [--runs 5] [--messages 3000] [--size 15000] [--sessions 20] [--smoke]

Servers take turns within a run. Prints JSON lines: one a measurement, then the medians and what
Daybook's are as a multiple of Postfix's. `ingest`: acknowledged, so on disk, a second; `through`:
arrived at the sink a second, from the first connection to the last message. "postfix": as Debian
configures it; "postfix-tuned": more processes and connections, no waiting for the queue.
"none" is smtp-source straight into smtp-sink: what the two can do.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from daybook import Daybook  # noqa: E402
from postfix import Postfix, missing  # noqa: E402
from world import Loopback, World, toml  # noqa: E402

PATIENCE = 120
TUNED = {
    "default_process_limit": 200,
    "default_destination_concurrency_limit": 100,
    "initial_destination_concurrency": 50,
    "qmgr_message_active_limit": 50000,
    "in_flow_delay": 0,
    "smtpd_client_connection_count_limit": 0,
    "smtpd_client_connection_rate_limit": 0,
}


def program(name):
    return shutil.which(name) or f"/usr/sbin/{name}"


class Sink:
    """smtp-sink, and its count of messages."""

    def __init__(self, address, port):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [program("smtp-sink"), *user, "-c", "-m", "1000", f"{address}:{port}", "1000"],
            stdout=subprocess.PIPE)
        self.rest = b""
        self.count = 0
        self.told = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(
                    (address, port), timeout=5):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"smtp-sink does not listen at {address}:{port}")
            time.sleep(0.02)

    def read(self):
        """All the time: a full pipe would stop the sink."""
        while octets := self.process.stdout.read1(65536):
            self.rest = (self.rest + octets)[-200:]
            numbers = re.findall(rb"mesg=(\d+)[\r\n]", self.rest)
            with self.told:
                self.count = int(numbers[-1]) if numbers else self.count
                self.told.notify_all()

    def wait(self, count):
        """It tells of every message; returns when there are so many."""
        with self.told:
            if not self.told.wait_for(lambda: self.count >= count, PATIENCE):
                raise RuntimeError(f"smtp-sink has {self.count} of {count} messages")

    def stop(self):
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def no_server(loopback, sink):
    yield sink, loopback.port


@contextlib.contextmanager
def daybook(loopback, sink):
    settings = {
        "relay_host": f"{sink}:{loopback.port}",
        "relay_tls": "opportunistic",
        "connections_per_host": 20,
    }
    with Daybook(changed={"connections_per_address": 1000}, settings=(
            World.listener("relay", "127.0.0.1", 0, 'tls = "none"\nrelay_from = ["127.0.0.1"]\n')
            + "\n[outbound]\n"
            + "".join(f"{key} = {toml(value)}\n" for key, value in settings.items()))) as server:
        yield "127.0.0.1", server.port("relay")


@contextlib.contextmanager
def postfix(loopback, sink, settings=None):
    address = loopback.address()
    chosen = {"relayhost": f"[{sink}]:{loopback.port}", "virtual_mailbox_domains": ""}
    with Postfix(address, loopback.port, "post.test", settings=chosen | (settings or {})):
        yield address, loopback.port


def postfix_tuned(loopback, sink):
    return postfix(loopback, sink, TUNED)


def measure(name, serve, loopback, options):
    address = loopback.address()
    sink = Sink(address, loopback.port)
    try:
        with serve(loopback, address) as (server, port):
            started = time.monotonic()
            subprocess.run(
                [program("smtp-source"), "-d", "-s", str(options.sessions), "-m",
                 str(options.messages), "-l", str(options.size), "-f", "from@source.test",
                 "-t", "to@sink.test", "-M", "source.test", "-S", "queue bench",
                 f"{server}:{port}"], check=True, timeout=PATIENCE)
            ingested = time.monotonic() - started
            sink.wait(options.messages)
            through = time.monotonic() - started
    finally:
        sink.stop()
    return {"bench": "queue", "server": name, "messages": options.messages, "size": options.size,
            "sessions": options.sessions, "ingest": round(options.messages / ingested, 1),
            "through": round(options.messages / through, 1)}


def summary(rows):
    medians = {}
    for name in dict.fromkeys(row["server"] for row in rows):
        medians[name] = {
            what: statistics.median(row[what] for row in rows if row["server"] == name)
            for what in ("ingest", "through")}
        print(json.dumps({"bench": "queue", "server": name, "median": medians[name]}), flush=True)
    for name in ("postfix", "postfix-tuned"):
        if name in medians:
            print(json.dumps({"bench": "queue", "daybook as a multiple of": name, **{
                what: round(medians["daybook"][what] / medians[name][what], 2)
                for what in ("ingest", "through")}}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--size", type=int, default=15000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--smoke", action="store_true", help="a run so small that it measures "
                        "nothing: shows that the benchmark works")
    options = parser.parse_args()
    if options.smoke:
        options.runs, options.messages, options.sessions = 1, 100, 4
    servers = {"none": no_server, "daybook": daybook}
    if missing():
        print(f"without Postfix: {missing()}", file=sys.stderr)
    else:
        servers |= {"postfix": postfix, "postfix-tuned": postfix_tuned}
    loopback = Loopback()
    rows = []
    for run in range(options.runs):
        for name, serve in servers.items():
            rows.append(measure(name, serve, loopback, options) | {"run": run + 1})
            print(json.dumps(rows[-1]), flush=True)
    summary(rows)


if __name__ == "__main__":
    main()
