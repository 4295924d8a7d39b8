"""The DNS of a test: Knot, authoritative for the root and for what is below it, on loopback.

    with Dns() as dns:
        dns.add("b.test", "MX", "10 mx.b.test."); dns.forward; dns.trust_anchor

Zones: the root and `test` are signed; `plain.test` is not, and its delegation says so; the
delegation to `bogus.test` has the DS of another key, so nothing below it validates. Records may be
changed while it runs. Keys and signatures are made by Knot's own tools, answers live one second.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from processes import start_server, stopped_on_failure

START_SECONDS = 30
TIME_TO_LIVE = 1
ROOT_ZONE = ""
SIGNED = (ROOT_ZONE, "test", "bogus.test")
UNSIGNED = ("plain.test",)
BROKEN = ("bogus.test",)
# RFC 1035 4.1: one question, for the root's SOA.
PROBE = bytes.fromhex("4242" "0000" "0001" "0000" "0000" "0000" "00" "0006" "0001")


class Zone:
    def __init__(self, name, signed):
        self.name = name
        self.signed = signed
        self.records = []       # (owner, type, data), owners without the dot at the end
        self.delegation = ""    # the DS record's data; empty: there is none
        self.broken = False     # the parent publishes a DS that fits no key

    @property
    def dotted(self):
        return f"{self.name}."

    @property
    def file_name(self):
        return f"{self.name or 'root'}.zone"


class Dns:
    """One knotd. Names are written without the dot at their end; data as in a zone file."""

    def __init__(self, signed=SIGNED, unsigned=UNSIGNED, broken=BROKEN,
                 time_to_live=TIME_TO_LIVE):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-dns-"))
        self.configuration = self.folder / "knot.conf"
        self.trust_anchor = self.folder / "root.ds"
        self.log = self.folder / "knotd.log"
        self.time_to_live = time_to_live
        self.process = None
        self.port = free_port()
        self.zones = {name: Zone(name, True) for name in signed}
        self.zones |= {name: Zone(name, False) for name in unsigned}
        for name in broken:
            self.zones[name].broken = True
        for name in ("zones", "keys", "run"):
            (self.folder / name).mkdir()
        self.configuration.write_text(self.configuration_text())
        for zone in self.zones.values():
            if zone.signed:
                zone.delegation = self.make_key(zone)
        self.trust_anchor.write_text(f". IN DS {self.zones[ROOT_ZONE].delegation}\n")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def forward(self):
        return f"127.0.0.1@{self.port}"

    # --- its life

    def start(self):
        """Returns when it answers for the root, which is then signed."""
        for zone in self.zones.values():
            self.write(zone)
        with open(self.log, "a") as log:
            self.process = start_server(["knotd", "-c", self.configuration], log)
        with stopped_on_failure(self):
            deadline = time.monotonic() + START_SECONDS
            while not self.answers():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"knotd does not come up: {self.log.read_text()[-2000:]}")
                time.sleep(0.01)

    def stop(self):
        if self.process:
            self.resume()
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def pause(self):
        """It is there and says nothing: as a network that eats packets."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.2)
            sock.connect(("127.0.0.1", self.port))
            try:
                sock.send(PROBE)
                answer = sock.recv(4096)
            except OSError:
                return False
        # RFC 1035 4.1.1: no error, and a record.
        return answer[3] & 0x0f == 0 and answer[6:8] == b"\0\1"

    # --- what it answers

    def add(self, owner, kind, *data):
        self.add_all([(owner, kind, one) for one in data])

    def add_all(self, rows):
        """Rows of (owner, type, data), at once."""
        with self.changes() as touched:
            for owner, kind, data in rows:
                zone = self.zone_of(owner)
                zone.records.append((owner.lower(), kind, data))
                touched.add(zone.name)

    def remove(self, owner, kind=None):
        """All records of a name, or those of one type."""
        with self.changes() as touched:
            zone = self.zone_of(owner)
            zone.records = [row for row in zone.records
                            if row[0] != owner.lower() or kind not in (None, row[1])]
            touched.add(zone.name)

    def replace(self, owner, kind, *data):
        with self.changes() as touched:
            zone = self.zone_of(owner)
            zone.records = [row for row in zone.records if row[:2] != (owner.lower(), kind)]
            zone.records += [(owner.lower(), kind, one) for one in data]
            touched.add(zone.name)

    def break_signatures(self, name, broken=True):
        """Nothing in a signed zone validates from now on, or does again."""
        with self.changes() as touched:
            self.zones[name].broken = broken
            touched.add(self.parent_of(self.zones[name]).name)

    # --- within

    @contextlib.contextmanager
    def changes(self):
        touched = set()
        yield touched
        for name in touched if self.process else ():
            self.write(self.zones[name])
            self.knotc("zone-reload", self.zones[name].dotted)

    def knotc(self, *arguments):
        done = subprocess.run(["knotc", "-b", "-c", self.configuration, *arguments],
                              capture_output=True, text=True)
        if done.returncode != 0 or "error" in done.stdout + done.stderr:
            raise RuntimeError(f"knotc {arguments}: {done.stdout}{done.stderr}")

    def zone_of(self, owner):
        name = owner.lower()
        while name not in self.zones:
            name = name.partition(".")[2]
        return self.zones[name]

    def parent_of(self, zone):
        return self.zone_of(zone.name.partition(".")[2])

    def make_key(self, zone):
        """One key that signs all; returns its DS record's data."""
        subprocess.run(
            ["keymgr", "-c", self.configuration, zone.dotted, "generate",
             "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes"], check=True, capture_output=True)
        listed = subprocess.run(["keymgr", "-c", self.configuration, zone.dotted, "ds"],
                                check=True, capture_output=True, text=True).stdout
        # "test. DS 52699 13 2 c8a6...": digest type 2 is SHA-256.
        return next(line.partition(" DS ")[2] for line in listed.splitlines()
                    if line.split()[4] == "2")

    def write(self, zone):
        text = [f"$TTL {self.time_to_live}",
                f"{zone.dotted} SOA ns.test. hostmaster.test. 1 3600 600 86400 {self.time_to_live}",
                f"{zone.dotted} NS ns.test."]
        if zone.name == "test":
            text.append("ns.test. A 127.0.0.1")
        for child in self.zones.values():
            if child is not zone and self.parent_of(child) is zone:
                text.append(f"{child.dotted} NS ns.test.")
                if child.delegation:
                    digest = child.delegation
                    text.append(f"{child.dotted} DS {wrong(digest) if child.broken else digest}")
        text += [f"{owner}. {kind} {data}" for owner, kind, data in zone.records]
        (self.folder / "zones" / zone.file_name).write_text("\n".join(text) + "\n")

    def configuration_text(self):
        zones = "".join(
            f"  - domain: {zone.dotted}\n    file: {zone.file_name}\n"
            + ("    dnssec-signing: on\n    dnssec-policy: signed\n" if zone.signed else "")
            for zone in self.zones.values())
        return f"""\
server:
    rundir: {self.folder}/run
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {self.folder}/keys
policy:
  - id: signed
    manual: on
    single-type-signing: on
    algorithm: ecdsap256sha256
template:
  - id: default
    storage: {self.folder}/zones
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
{zones}"""


def wrong(delegation):
    """The same DS with another digest."""
    head, digest = delegation.rsplit(" ", 1)
    return f"{head} {''.join('0' if digit != '0' else '1' for digit in digest)}"


def free_port():
    """For UDP and TCP on 127.0.0.1."""
    while True:
        with socket.socket() as stream, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            try:
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
