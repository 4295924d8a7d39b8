"""A small internet on loopback, for tests of sending: names, certificates, mail servers.

    with World() as world:
        peer = world.peer("b.test")                  # an MX host, its address, its records
        server = world.daybook("a.test"); other = world.postfix("c.test", routes=world.routes)

Each test program has 253 addresses of 127.0.0.0/8 to itself, and all its mail servers listen at one
port: what 25 is in the world. So an MX host is an A record, as it is there.
"""

import contextlib
import os
import pathlib
import random
import shutil
import socket
import tempfile

from certificates import Ca
from daybook import Daybook
from nameserver import BROKEN, SIGNED, Dns
from peer import Peer
from policy_host import PolicyHost
from postfix import Postfix

# Below the ports that the system gives to clients.
PORTS = range(15000, 30000)
CLAIM_PORT = 14999
OUTBOUND = {
    "retry": ["1s"],
    "lifetime": "5d",
    "delay_warning": "4h",
    "report_interval": "5m",
    "connections": 64,
    "connections_per_host": 20,
    "idle": "1s",
}


class Loopback:
    """Addresses that no other test uses now, and a port that is free on all of them."""

    def __init__(self):
        self.claim = None
        start = os.getpid()
        for number in range(start, start + 1000):
            self.block = f"127.{1 + number // 250 % 250}.{1 + number % 250}"
            with contextlib.suppress(OSError):
                # Who listens there owns the block; the system lets go of it with the process.
                self.claim = socket.create_server((f"{self.block}.254", CLAIM_PORT))
                break
        if not self.claim:
            raise RuntimeError(f"no free addresses: port {CLAIM_PORT} is taken on all tried blocks")
        self.given = 0
        self.port = self.free_port()

    def address(self):
        self.given += 1
        if self.given > 253:
            raise RuntimeError("a test program has 253 addresses")
        return f"{self.block}.{self.given}"

    def free_port(self):
        for port in random.sample(PORTS, 100):
            with contextlib.suppress(OSError), socket.socket() as sock:
                # As a server binds; on every address, so that one that is taken anywhere shows.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("0.0.0.0", port))
                sock.listen()
                return port
        raise RuntimeError("no free port among 100 that were tried")

    def close(self):
        self.claim.close()


class World:
    """What is made by it ends with it, the last first."""

    def __init__(self, time_to_live=1, broken=()):
        """`broken`: more zones whose signatures do not validate."""
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-world-"))
        self.folder.chmod(0o755)        # Postfix reads its certificate as another user.
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.loopback = Loopback()
        self.stack.callback(self.loopback.close)
        self.port = self.loopback.port
        self.policy_port = self.loopback.free_port()
        self.ca = Ca(self.folder / "ca")
        self.dns = self.stack.enter_context(Dns(
            signed=(*SIGNED, *broken), broken=(*BROKEN, *broken), time_to_live=time_to_live))
        self.routes = {}                # domain -> address of its first MX host, for Postfix

    def __enter__(self):
        self.stack.__enter__()
        return self

    def __exit__(self, *trouble):
        return self.stack.__exit__(*trouble)

    def host(self, domain, name=None, preference=10):
        """An address for a new MX host of a domain, and its records. Without a preference only
        the address record."""
        name = name or f"mx.{domain}"
        address = self.loopback.address()
        rows = [(name, "A", address)]
        if preference is not None:
            rows.append((domain, "MX", f"{preference} {name}."))
        self.dns.add_all(rows)
        self.routes.setdefault(domain, address)
        return address

    def certificate(self, name):
        return self.ca.certificate(name)

    def peer(self, domain, name=None, preference=10, certificate="right", **manners):
        """A Peer as MX host. `certificate`: "right", None (no TLS), or one of `ca`."""
        name = name or f"mx.{domain}"
        if certificate == "right":
            certificate = self.certificate(name)
        return self.stack.enter_context(Peer(
            self.host(domain, name, preference), self.port, name, certificate, **manners))

    def postfix(self, domain, **options):
        name = f"mx.{domain}"
        return self.stack.enter_context(Postfix(
            self.host(domain, name), self.port, domain, certificate=self.certificate(name),
            roots=self.ca.roots, **options))

    def policy_host(self, domain, certificate=None):
        """Answers for mta-sts.DOMAIN; the TXT record is the test's."""
        name = f"mta-sts.{domain}"
        address = self.loopback.address()
        self.dns.add(name, "A", address)
        return self.stack.enter_context(PolicyHost(
            address, self.policy_port, certificate or self.certificate(name)))

    def tlsa(self, host, *data):
        """The records at the TLSA name of a mail host: RFC 7672 2.2.3."""
        self.dns.replace(f"_{self.port}._tcp.{host}", "TLSA", *data)

    def daybook(self, domain, accounts=("alice", "bob"), listener="", start=True, **outbound):
        """A server for that domain, which is its own MX host. `outbound`: changed settings."""
        name = f"mx.{domain}"
        address = self.host(domain, name)
        server = Daybook(accounts, domain=domain, hostname=name, settings=(
            self.listener("mx", address, self.port)
            + self.listener("relay", "127.0.0.1", 0, 'tls = "none"\nrelay_from = ["127.0.0.1"]\n')
            + listener + outbound_settings(self, source_ipv4=address, **outbound)))
        certificate = self.certificate(name)
        shutil.copy(certificate.chain, server.directory / "tls" / "server.crt")
        shutil.copy(certificate.key, server.directory / "tls" / "server.key")
        server.address = address
        if start:
            self.stack.enter_context(server)
        return server

    @staticmethod
    def listener(name, address, port, rest=""):
        return (f'\n[[listener]]\nname = "{name}"\nprotocol = "smtp"\naddress = "{address}"\n'
                f"port = {port}\n{rest}")


def outbound_settings(world, **changes):
    """What daybook.toml says about sending in this world."""
    outbound = OUTBOUND | {
        "port": world.port, "tls_roots": world.ca.roots, "mta_sts_port": world.policy_port
    } | changes
    return (f'\n[dns]\nforward = ["{world.dns.forward}"]\n'
            f'trust_anchor = "{world.dns.trust_anchor}"\nask_reserved = ["test"]\n\n[outbound]\n'
            + "".join(f"{key} = {toml(value)}\n" for key, value in outbound.items()))


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"'
