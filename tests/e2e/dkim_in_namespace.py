#!/usr/bin/env python3
"""Runs opendkim-testmsg where only our DNS is: in a network and mount namespace of its own, with a name
server on 127.0.0.1:53 that knows a few TXT records and nothing else. libopendkim asks the resolver of
the C library, which knows no other port.

    unshare --map-root-user --mount --net dkim_in_namespace.py FOLDER

FOLDER holds records.json (name -> value) and one file a message; results.json (file -> [exit status,
what it said]) is written there.
"""

import fcntl
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading

TXT = 16
NXDOMAIN = 3
ANSWER_FLAGS = 0x8400


def loopback_up():
    """SIOCSIFFLAGS with IFF_UP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 1))


def use_resolver(folder):
    file = folder / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", file, "/etc/resolv.conf"], check=True)


def name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 1


def answer_to(query, records):
    name, end = name_of(query)
    question = query[12:end + 4]
    value = records.get(name)
    if value is None or struct.unpack("!H", query[end:end + 2])[0] != TXT:
        return query[:2] + struct.pack("!HHHHH", ANSWER_FLAGS | NXDOMAIN, 1, 0, 0, 0) + question
    octets = value.encode()
    text = b"".join(bytes([len(piece)]) + piece for piece in (
        octets[at:at + 255] for at in range(0, len(octets), 255)))
    return (query[:2] + struct.pack("!HHHHH", ANSWER_FLAGS, 1, 1, 0, 0) + question
            + struct.pack("!HHHIH", 0xC00C, TXT, 1, 60, len(text)) + text)


def serve(server, records):
    while True:
        query, peer = server.recvfrom(4096)
        server.sendto(answer_to(query, records), peer)


def main():
    folder = pathlib.Path(sys.argv[1])
    records = json.loads((folder / "records.json").read_text())
    loopback_up()
    use_resolver(folder)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(server, records), daemon=True).start()
    results = {}
    for file in sorted(folder.glob("*.eml")):
        done = subprocess.run(
            ["/usr/sbin/opendkim-testmsg"], input=file.read_bytes(), capture_output=True,
            timeout=60)
        results[file.name] = [done.returncode, (done.stdout + done.stderr).decode(errors="replace")]
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
