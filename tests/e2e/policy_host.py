"""A web server for MTA-STS policies (RFC 8461 3.3), with the certificate that it is given.

    with PolicyHost("127.9.9.2", 4443, ca.certificate("mta-sts.b.test")) as host:
        host.policies["mta-sts.b.test"] = policy("enforce", "mx.b.test")
"""

import http.server
import socket
import ssl
import threading

PATH = "/.well-known/mta-sts.txt"


def policy(mode, *hosts, max_age=86400):
    return "".join(f"{line}\r\n" for line in (
        "version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts),
        f"max_age: {max_age}"))


class PolicyHost:
    def __init__(self, address, port, certificate):
        self.policies = {}      # by host name
        self.requests = []      # (host, path)
        self.changed = threading.Condition()
        self.server = http.server.ThreadingHTTPServer((address, port), self.handler())
        self.server.daemon_threads = True
        self.context = certificate.server_context()
        self.server.socket = self.context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def handler(host):
        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 30

            def do_GET(self):
                name = self.headers.get("Host", "").partition(":")[0].lower()
                with host.changed:
                    host.requests.append((name, self.path))
                    host.changed.notify_all()
                text = host.policies.get(name) if self.path == PATH else None
                self.send_response(200 if text is not None else 404)
                body = (text or "").encode()
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle(self):
                try:
                    super().handle()
                except (ssl.SSLError, socket.timeout, ConnectionError):
                    pass        # It did not like our certificate: that is what is tested.

            def log_message(self, *_):
                pass            # Kept in `requests`.
        return Handler
