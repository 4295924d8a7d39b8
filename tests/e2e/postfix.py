"""A real Postfix, Debian's, in a temporary folder, on an address of its own.

    with Postfix("127.9.9.3", 2525, "c.test", accounts=("carol",),
                 routes={"a.test": "127.9.9.1"}) as postfix:
        postfix.mails("carol")

It needs root, as Postfix does. It asks no DNS: where mail for a domain goes is in `routes`.
"""

import mailbox
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from processes import stopped_on_failure

START_SECONDS = 60
PATIENCE = 120
DAEMONS = pathlib.Path("/usr/lib/postfix/sbin")
SERVICES = """\
{address}:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def missing():
    """Why there can be no Postfix here, or None."""
    if not (DAEMONS / "master").exists():
        return "Debian's package postfix is not installed"
    return "Postfix wants to be started by root" if os.geteuid() != 0 else None


class Postfix:
    def __init__(self, address, port, domain, accounts=("postmaster",), certificate=None,
                 roots=None, routes=None, settings=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-postfix-"))
        self.folder.chmod(0o755)        # Its processes are not all root's.
        self.address, self.port, self.domain = address, port, domain
        self.configuration = self.folder / "etc"
        self.log = self.folder / "maillog"
        self.boxes = self.folder / "mail"
        self.process = None
        for name in ("etc", "spool", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.boxes, "nobody", "nogroup")
        self.write_settings(accounts, certificate, roots, routes or {}, settings or {})
        (self.configuration / "master.cf").write_text(SERVICES.format(address=address, port=port))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if kind is not None and self.log.exists():
            print(f"--- {self.log}\n{self.log.read_text()[-4000:]}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Returns when it accepts connections."""
        with open(self.folder / "output", "a") as output:
            self.process = subprocess.Popen(
                ["postfix", "-c", self.configuration, "start-fg"], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output)
        with stopped_on_failure(self):
            deadline = time.monotonic() + START_SECONDS
            while not self.listens():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("Postfix does not come up: "
                                       + (self.folder / "output").read_text()[-2000:])
                time.sleep(0.02)

    def stop(self):
        """By its master's pid: what was started is a script that waits for it."""
        if self.process:
            pid = (self.folder / "spool" / "pid" / "master.pid").read_text()
            os.kill(int(pid), signal.SIGTERM)
            self.process.wait(timeout=60)
            self.process = None

    def listens(self):
        """Without connecting: /proc/net/tcp knows it, in the machine's order of octets."""
        octets = bytes(map(int, self.address.split(".")))[::-1].hex().upper()
        wanted = f" {octets}:{self.port:04X} 00000000:0000 0A "
        return wanted in pathlib.Path("/proc/net/tcp").read_text()

    # --- what tests ask

    def mails(self, account):
        """What lies in an account's Maildir; Postfix makes its three folders one after the other."""
        folder = self.boxes / account
        whole = all((folder / part).is_dir() for part in ("tmp", "new", "cur"))
        return list(mailbox.Maildir(folder, create=False)) if whole else []

    def wait(self, account, count=1, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while len(found := self.mails(account)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{account}@{self.domain} has {len(found)} messages, not "
                                     f"{count}: {self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return found

    # --- within

    def write_settings(self, accounts, certificate, roots, routes, settings):
        nobody = pwd.getpwnam("nobody")
        chosen = {
            "compatibility_level": "3.6",
            "queue_directory": self.folder / "spool",
            "data_directory": self.folder / "data",
            "daemon_directory": DAEMONS,
            "command_directory": "/usr/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.folder,
            "myhostname": f"mx.{self.domain}",
            "mydomain": self.domain,
            "mydestination": "",
            # One that an interface has; where it listens is in master.cf.
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "smtp_bind_address": self.address,
            "mynetworks": "127.0.0.0/8",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "virtual_mailbox_domains": self.domain,
            "virtual_mailbox_base": self.boxes,
            "virtual_mailbox_maps": "inline:{" + " ".join(
                f"{{{name}@{self.domain}={name}/}}" for name in accounts) + "}",
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "virtual_minimum_uid": "100",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "smtputf8_enable": "yes",
            "smtpd_tls_security_level": "may" if certificate else "none",
            "smtp_tls_security_level": "may",
        }
        if routes:
            chosen["transport_maps"] = "inline:{" + " ".join(
                f"{{{domain}=relay:[{address}]:{self.port}}}"
                for domain, address in routes.items() if domain != self.domain) + "}"
        if certificate:
            chosen["smtpd_tls_cert_file"] = certificate.chain
            chosen["smtpd_tls_key_file"] = certificate.key
        if roots:
            chosen["smtp_tls_CAfile"] = roots
        chosen |= settings
        (self.configuration / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in chosen.items()))
