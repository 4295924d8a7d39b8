"""A real daemon in a temporary directory, and the clients' way to it. Used by every scenario.

    with Daybook() as server:
        server.port("imap"); server.login, server.password; server.tool("journal", "stats")
"""

import imaplib
import json
import os
import pathlib
import poplib
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time

from processes import start_server, stopped_on_failure

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DAYBOOK_BIN", ROOT / "build" / "bin"))
CORPUS = ROOT / "tests" / "corpus"
DOMAIN = "example.test"
START_SECONDS = 60
# Messages of the corpus have longer lines than these modules take unasked.
poplib._MAXLINE = imaplib._MAXLINE = 10_000_000


class Daybook:
    """One data directory and, while it runs, one daybookd."""

    def __init__(self, accounts=("alice", "bob"), settings="", changed=None, dev=True,
                 domain=DOMAIN, hostname="localhost"):
        self.domain = domain
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="daybook-e2e-"))
        self.directory = self.folder / "data"
        self.log = self.folder / "daybookd.log"
        self.process = None
        self.ports = {}
        arguments = ["init", "--dir", self.directory, "--free-ports",
                     "--domain", domain, "--hostname", hostname]
        if dev:
            arguments.append("--dev")
        for account in accounts:
            arguments += ["--account", account]
        made = subprocess.run(
            [BIN / "daybook", *arguments], check=True, capture_output=True, text=True).stdout
        self.passwords = dict(zip(
            [line.split()[-1] for line in made.splitlines() if line.startswith("user name")],
            [line.split()[-1] for line in made.splitlines() if line.startswith("password")]))
        # No question of a test leaves the machine: nobody answers there.
        self.replace_tables('[dns]\nforward = ["127.0.0.1@9"]\n')
        if settings:
            self.replace_tables(settings)
        for key, value in (changed or {}).items():
            self.change_setting(key, value)

    def replace_tables(self, settings):
        """These tables take the place of those of the same name, as init wrote them."""
        file = self.directory / "daybook.toml"
        names = re.findall(r"^\[([a-z_]+)\]", settings, re.M)
        kept = [
            table for table in re.split(r"(?m)^(?=\[)", file.read_text())
            if not any(table.startswith(f"[{name}]") for name in names)
        ]
        file.write_text("".join(kept) + "\n" + settings)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        failed = kind is not None
        try:
            if self.process:
                self.stop()
        finally:
            if failed:
                print(f"--- {self.log}", file=sys.stderr)
                print(self.log.read_text(errors="replace")[-4000:], file=sys.stderr)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def login(self):
        return f"alice@{self.domain}"

    @property
    def password(self):
        return self.passwords[self.login]

    def start(self):
        """Returns when the server accepts connections."""
        ports = self.directory / "run" / "ports.json"
        ports.unlink(missing_ok=True)
        with open(self.log, "a") as log:
            self.process = start_server(
                [BIN / "daybookd", "--config", self.directory / "daybook.toml"], log)
        with stopped_on_failure(self):
            self.wait_for(ports)
        self.ports = json.loads(ports.read_text())

    def wait_for(self, ports):
        deadline = time.monotonic() + START_SECONDS
        while not ports.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"daybookd ended with {self.process.returncode}: "
                                   + self.log.read_text(errors="replace")[-2000:])
            if time.monotonic() > deadline:
                raise RuntimeError("daybookd does not come up")
            time.sleep(0.01)

    def stop(self):
        """Gracefully; the exit status must be 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        self.process = None
        if status != 0:
            raise RuntimeError(f"daybookd ended with {status}: "
                               + self.log.read_text(errors="replace")[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def port(self, name):
        return self.ports[name]

    def tool(self, *arguments, check=True, text=None):
        """Runs `daybook ...`; returns the completed process."""
        done = subprocess.run(
            [BIN / "daybook", *map(str, arguments), "--dir", self.directory],
            capture_output=True, text=True, input=text)
        if check and done.returncode != 0:
            raise RuntimeError(f"daybook {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def tool_json(self, *arguments):
        return json.loads(self.tool(*arguments, "--json").stdout)

    def digests(self):
        """The digest of every view, as a replay of the whole journal gives it; live ones equal."""
        done = self.tool_json("replay", "--check")
        assert done["equal"], done["differences"]
        return {view: row["digest"] for view, row in done["replayed"].items()}

    def change_setting(self, key, value):
        """The first line `key = ...` of daybook.toml; for the next start."""
        file = self.directory / "daybook.toml"
        text, changes = re.subn(
            rf"(?m)^{key} = .*$", f"{key} = {value}", file.read_text(), count=1)
        assert changes == 1, key
        file.write_text(text)

    def settle(self):
        """Returns when the views show what was acknowledged before: SMTP's 250 says that a message is
        on disk, and may be an instant ahead of them."""
        imap = self.imap(tls=False)
        imap.subscribe("INBOX")
        imap.logout()

    def assert_whole(self):
        """The views equal a replay, and the journal is what it was."""
        self.digests()
        verified = self.tool_json("journal", "verify")
        assert verified["result"] == "whole", verified

    def events(self, kind):
        """All events of that kind, oldest first."""
        done = self.tool("journal", "log", "--kind", kind, "--json", check=False)
        assert done.returncode in (0, 1), done.stderr      # 1: there are none.
        return [json.loads(row) for row in done.stdout.splitlines()]

    # --- clients of Python's own library

    def smtp(self):
        return smtplib.SMTP("127.0.0.1", self.port("smtp"), timeout=30)

    def submission(self, account="alice"):
        client = smtplib.SMTP("127.0.0.1", self.port("submission"), timeout=30)
        client.starttls(context=trusting())
        login = f"{account}@{self.domain}"
        client.login(login, self.passwords[login])
        return client

    def imap(self, account="alice", tls=True):
        if tls:
            client = imaplib.IMAP4_SSL(
                "127.0.0.1", self.port("imaps"), ssl_context=trusting(), timeout=60)
        else:
            client = imaplib.IMAP4("127.0.0.1", self.port("imap"), timeout=60)
        login = f"{account}@{self.domain}"
        client.login(login, self.passwords[login])
        return client

    def pop3(self, account="alice"):
        client = poplib.POP3_SSL("127.0.0.1", self.port("pop3s"), context=trusting(), timeout=30)
        login = f"{account}@{self.domain}"
        client.user(login)
        client.pass_(self.passwords[login])
        return client


def trusting():
    """The server's certificate is self-signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def corpus_files():
    skipped = {"licences"}
    return sorted(
        path for folder in CORPUS.iterdir() if folder.is_dir() and folder.name not in skipped
        for path in folder.iterdir() if path.is_file())


def crlf(octets):
    """Every line end, whatever it was, becomes CRLF."""
    text = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return text if text.endswith(b"\r\n") else text + b"\r\n"
