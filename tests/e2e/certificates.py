"""Certificates of a test, made with openssl: an authority, and what it signs or does not sign.

    ca = Ca(folder); ca.roots; one = ca.certificate("mx.b.test"); one.chain, one.key, one.tlsa()
"""

import dataclasses
import hashlib
import pathlib
import ssl
import subprocess

# openssl req and ca want their names from a file.
SETTINGS = """\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = daybook
[daybook]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copyall
[any]
commonName = supplied
"""


@dataclasses.dataclass
class Certificate:
    chain: pathlib.Path     # PEM
    key: pathlib.Path       # PEM

    def tlsa(self, usage=3, selector=1, matching=1):
        """The data of a TLSA record that fits: RFC 6698 2.1."""
        if selector == 1:
            public = openssl("x509", "-in", self.chain, "-noout", "-pubkey")
            octets = openssl("pkey", "-pubin", "-outform", "DER", text=public)
        else:
            octets = ssl.PEM_cert_to_DER_cert(
                self.chain.read_text().partition("-----END CERTIFICATE-----")[0]
                + "-----END CERTIFICATE-----\n")
        digest = {0: octets.hex, 1: hashlib.sha256(octets).hexdigest,
                  2: hashlib.sha512(octets).hexdigest}[matching]()
        return f"{usage} {selector} {matching} {digest}"

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Ca:
    def __init__(self, folder, name="Daybook test CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings = self.folder / "openssl.cnf"
        self.settings.write_text(SETTINGS.format(folder=self.folder))
        (self.folder / "index.txt").touch()
        self.roots = self.folder / "ca.crt"
        self.key = self.folder / "ca.key"
        self.count = 0
        self.known = {}
        openssl("req", "-x509", "-config", self.settings, "-extensions", "authority", *NEW_KEY,
                "-keyout", self.key, "-out", self.roots, "-subj", f"/CN={name}", "-days", "30")

    def certificate(self, *names, expired=False):
        """For these host names; the same names get the same certificate."""
        if (names, expired) not in self.known:
            self.known[names, expired] = self.sign(names, expired)
        return self.known[names, expired]

    def self_signed(self, *names):
        chain, key = self.paths()
        openssl("req", "-x509", "-config", self.settings, *NEW_KEY, "-keyout", key, "-out", chain,
                "-subj", f"/CN={names[0]}", "-addext", alternatives(names), "-days", "30")
        return Certificate(chain, key)

    # --- within

    def paths(self):
        self.count += 1
        return self.folder / f"{self.count}.crt", self.folder / f"{self.count}.key"

    def sign(self, names, expired):
        chain, key = self.paths()
        request = chain.with_suffix(".csr")
        openssl("req", "-new", "-config", self.settings, *NEW_KEY, "-keyout", key,
                "-out", request, "-subj", f"/CN={names[0]}", "-addext", alternatives(names))
        validity = ["-startdate", "200101000000Z", "-enddate", "200201000000Z"] if expired \
            else ["-days", "30"]
        openssl("ca", "-batch", "-notext", "-config", self.settings, "-cert", self.roots,
                "-keyfile", self.key, "-in", request, "-out", chain, *validity)
        return Certificate(chain, key)


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def alternatives(names):
    return "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, input=text)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments}: {done.stderr.decode(errors='replace')}")
    return done.stdout
