"""A validating resolver, to check the test's own DNS: libunbound, without Daybook.

    with Validator(dns) as ask: ask("b.test", MX).state     # "secure", "insecure", "bogus"
"""

import ctypes
import dataclasses

A, MX, TLSA = 1, 15, 52


class Result(ctypes.Structure):
    """struct ub_result of unbound.h."""

    _fields_ = [
        ("qname", ctypes.c_char_p), ("qtype", ctypes.c_int), ("qclass", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_void_p)), ("len", ctypes.POINTER(ctypes.c_int)),
        ("canonname", ctypes.c_char_p), ("rcode", ctypes.c_int),
        ("answer_packet", ctypes.c_void_p), ("answer_len", ctypes.c_int),
        ("havedata", ctypes.c_int), ("nxdomain", ctypes.c_int), ("secure", ctypes.c_int),
        ("bogus", ctypes.c_int), ("why_bogus", ctypes.c_char_p),
        ("was_ratelimited", ctypes.c_int), ("ttl", ctypes.c_int)]


@dataclasses.dataclass
class Found:
    state: str
    rcode: int
    records: list
    why: str


class Validator:
    def __init__(self, dns):
        self.library = ctypes.CDLL("libunbound.so.8")
        self.library.ub_ctx_create.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.ub_ctx_create())
        self.check(self.library.ub_ctx_set_option(
            self.context, b"do-not-query-localhost:", b"no"))
        self.check(self.library.ub_ctx_set_fwd(self.context, dns.forward.encode()))
        self.check(self.library.ub_ctx_add_ta_file(self.context, str(dns.trust_anchor).encode()))
        # Unbound answers for `test` itself, unless it is told not to. After the settings.
        self.check(self.library.ub_ctx_zone_remove(self.context, b"test."))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.ub_ctx_delete(self.context)

    def __call__(self, name, kind):
        result = ctypes.POINTER(Result)()
        self.check(self.library.ub_resolve(
            self.context, name.encode(), kind, 1, ctypes.byref(result)))
        answer = result.contents
        state = "bogus" if answer.bogus else "secure" if answer.secure else "insecure"
        records = []
        while answer.havedata and answer.data[len(records)]:
            number = len(records)
            records.append(ctypes.string_at(answer.data[number], answer.len[number]))
        found = Found(state, answer.rcode, records, (answer.why_bogus or b"").decode())
        self.library.ub_resolve_free(result)
        return found

    @staticmethod
    def check(status):
        if status != 0:
            raise RuntimeError(f"libunbound: error {status}")
