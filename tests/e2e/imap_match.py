"""Is this the response that the script expects? Compared as values, so that what the grammar leaves
open is left open: the order of FETCH's items, of flags and of STATUS's counts, a quoted string or a
literal, the words of a human-readable text. Everything else must be as it is written.

    match(expected, got, variables) -> None or why not; binds what the placeholders took

Placeholders, in scripts only:
    {name}          one value; a name that is bound already must be that value again
    {name>other}    a number above the bound one; so also >=, <, <=; binds name anew
    {name+1}        a bound number and some more (or less: {name-1})
    {_}             one value, whichever
    {...}           as the last thing in a list: whatever else there is
"""

import re


class Different(Exception):
    """What is different, for people."""


class Text(str):
    """What came as a quoted string or a literal."""


PLACEHOLDER = re.compile(r"\{(\.\.\.|_|[A-Za-z][A-Za-z0-9]*)(?:(>=|<=|>|<)([A-Za-z0-9]+)|([+-]\d+))?\}")
STATUS = ("OK", "NO", "BAD", "BYE", "PREAUTH")
# Their strings are mailbox names and the like: an atom says the same.
ASTRINGS = ("LIST", "LSUB", "STATUS", "ACL", "LISTRIGHTS", "MYRIGHTS", "QUOTA", "QUOTAROOT",
            "METADATA", "ESEARCH")
# Lists whose order says nothing.
SETS = ("FLAGS", "CAPABILITY", "ENABLED", "SEARCH", "PERMANENTFLAGS", "BADCHARSET", "METADATA")
ATOM = re.compile(r"[^\s()\"{}%*\\]+")


def tokens(pieces):
    """Values of a response: str for atoms, Text, list. `pieces`: str, and Text for literals."""
    stack = [[]]
    for piece in pieces:
        if isinstance(piece, Text):
            stack[-1].append(piece)
            continue
        position = 0
        while position < len(piece):
            octet = piece[position]
            if octet == " ":
                position += 1
            elif octet == "(":
                stack.append([])
                position += 1
            elif octet == ")":
                if len(stack) == 1:
                    raise Different(f"a ) too many in {piece!r}")
                done = stack.pop()
                stack[-1].append(done)
                position += 1
            elif octet == '"':
                found = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S).match(piece, position)
                if not found:
                    raise Different(f"an open string in {piece!r}")
                stack[-1].append(Text(re.sub(r"\\(.)", r"\1", found.group(1))))
                position = found.end()
            else:
                end = atom_end(piece, position)
                stack[-1].append(piece[position:end])
                position = end
    if len(stack) != 1:
        raise Different(f"an open list in {pieces!r}")
    return stack[0]


def atom_end(text, position):
    depth = 0
    while position < len(text):
        octet = text[position]
        depth += (octet == "[") - (octet == "]")
        if depth <= 0 and octet in ' ()"':
            break
        position += 1
    return position


class Matcher:
    def __init__(self, variables):
        self.variables = dict(variables)

    def text(self, expected, got):
        """A template against a text."""
        pattern, names = "", []
        last = 0
        for found in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[last:found.start()])
            last = found.end()
            name, relation, other, more = found.groups()
            if more:
                pattern += re.escape(str(int(self.bound(name)) + int(more)))
            elif name in self.variables and not relation:
                pattern += re.escape(self.variables[name])
            else:
                pattern += "(.*?)"
                names.append((name, relation, other))
        pattern += re.escape(expected[last:])
        found = re.fullmatch(pattern, got, re.S)
        if not found:
            return False
        for (name, relation, other), value in zip(names, found.groups()):
            if relation and not self.holds(value, relation, other):
                return False
            if name not in ("_", "..."):
                self.variables[name] = value
        return True

    def bound(self, name):
        if name not in self.variables:
            raise Different(f"nothing is known of {{{name}}}")
        return self.variables[name]

    def holds(self, value, relation, other):
        if not value.isdigit():
            return False
        value, other = int(value), int(other if other.isdigit() else self.bound(other))
        return {">": value > other, ">=": value >= other,
                "<": value < other, "<=": value <= other}[relation]

    def value(self, expected, got, astrings=False):
        if isinstance(expected, list) or isinstance(got, list):
            if isinstance(expected, str):
                return PLACEHOLDER.fullmatch(expected) is not None and "_" in expected
            return isinstance(got, list) and self.ordered(expected, got, astrings)
        wildcard = not isinstance(expected, Text) and PLACEHOLDER.fullmatch(expected)
        if isinstance(expected, Text) != isinstance(got, Text) and not wildcard:
            if not astrings or "NIL" in (expected, got):
                return False
        if expected.startswith("\\") and not isinstance(got, Text):
            return expected.lower() == got.lower()      # flags and attributes
        return self.text(expected, got)

    def ordered(self, expected, got, astrings=False):
        if expected and expected[-1] == "{...}":
            expected, got = expected[:-1], got[:len(expected) - 1]
        return len(expected) == len(got) and all(
            self.value(one, other, astrings) for one, other in zip(expected, got))

    def unordered(self, expected, got, key=None):
        """As sets; what is bound while trying is kept only where it fits."""
        rest = list(got)
        open_end = "{...}" in expected
        for one in [one for one in expected if one != "{...}"]:
            for other in rest:
                before = dict(self.variables)
                if (key or self.value)(one, other):
                    rest.remove(other)
                    break
                self.variables = before
            else:
                return False
        return open_end or not rest

    def pairs(self, expected, got, astrings=False):
        """name value name value ...: the order says nothing. Names without a value do not occur."""
        def paired(values):
            if "{...}" in values:
                return [*paired([one for one in values if one != "{...}"]), "{...}"]
            if len(values) % 2:
                raise Different(f"not pairs: {show(values)}")
            return list(zip(values[0::2], values[1::2]))

        def same(one, other):
            if one == "{...}":
                return False
            if one[0] == "FLAGS" and other[0] == "FLAGS":
                return self.flags(one[1], other[1])
            if one[0] == "RIGHTS":
                return sorted(one[1]) == sorted(other[1])
            return self.value(one[0], other[0], astrings) and self.value(one[1], other[1], astrings)
        return self.unordered(paired(expected), paired(got), same)

    def flags(self, expected, got):
        if isinstance(expected, str) or isinstance(got, str):
            return self.value(expected, got)
        if "\\Recent" not in expected:
            # What is recent is told to one session and to none of IMAP4rev2.
            got = [one for one in got if one != "\\Recent"]
        return self.unordered(expected, got)


def show(values):
    if isinstance(values, list):
        return "(" + " ".join(show(one) for one in values) + ")"
    return f'"{values}"' if isinstance(values, Text) else str(values)


def split_status(line):
    """tag, status, code or None, text; or None: no status response."""
    found = re.fullmatch(r"(\S+) (OK|NO|BAD|BYE|PREAUTH)(?: (.*))?", line, re.S)
    if not found:
        return None
    tag, status, rest = found.groups()
    rest = rest or ""
    if not rest.startswith("["):
        return tag, status, None, rest
    end = atom_end(rest, 0)
    return tag, status, rest[1:end - 1], rest[end + 1:]


def match(expected, got, variables):
    """`expected`, `got`: pieces of a response. Returns the variables, or raises Different."""
    matcher = Matcher(variables)
    same = compare(matcher, expected, got)
    if not same:
        raise Different("not what was expected")
    return matcher.variables


def compare(matcher, expected, got):
    if expected[0].startswith("+") or got[0].startswith("+"):
        if expected[0].startswith("+ {"):
            return got[0].startswith("+ ") and matcher.text(expected[0], got[0])
        return expected[0][:1] == got[0][:1]
    status = split_status(expected[0])
    if status:
        return same_status(matcher, status, split_status("".join(got)))
    if split_status(got[0]):
        return False
    return same_data(matcher, tokens(expected), tokens(got))


def same_status(matcher, expected, got):
    if not got or not matcher.text(expected[0], got[0]) or expected[1] != got[1]:
        return False
    if expected[2] is None:
        return True     # A code more says more, to who understands it.
    if got[2] is None:
        return False
    wanted, there = tokens([expected[2]]), tokens([got[2]])
    if not there or wanted[0] != there[0]:
        return False
    if wanted[0] in ("PERMANENTFLAGS", "BADCHARSET") and len(wanted) == len(there) == 2:
        return matcher.unordered(wanted[1], there[1])
    if wanted[0] == "CAPABILITY":
        return matcher.unordered(wanted[1:], there[1:])
    return matcher.ordered(wanted, there, astrings=True)


def same_data(matcher, expected, got):
    if not got or expected[0] != got[0]:
        return False
    name = expected[1] if len(expected) > 1 else ""
    if len(expected) > 2 and expected[2] in ("FETCH", "UIDFETCH"):
        return (len(got) == 4 and matcher.value(name, got[1]) and got[2] == expected[2]
                and isinstance(got[3], list) and matcher.pairs(expected[3], without_uid(
                    expected[3], got[3])))
    if len(got) < 2 or name != got[1]:
        return matcher.ordered(expected, got)
    expected, got = expected[2:], got[2:]
    if name in ("FLAGS", "CAPABILITY", "ENABLED", "SEARCH"):
        if expected and isinstance(expected[0], list) and name == "FLAGS":
            expected, got = expected[0], got[0]
        return matcher.unordered(expected, got)
    if name in ("LIST", "LSUB"):
        return (len(expected) == len(got) and matcher.unordered(expected[0], got[0])
                and matcher.ordered(expected[1:3], got[1:3], astrings=True)
                and same_extended(matcher, expected[3:], got[3:]))
    if name == "STATUS":
        return (len(got) == 2 and matcher.value(expected[0], got[0], astrings=True)
                and matcher.pairs(expected[1], got[1]))
    if name == "ACL":
        return matcher.value(expected[0], got[0], True) and matcher.unordered(
            rights_of(expected[1:]), rights_of(got[1:]), lambda a, b: matcher.ordered(a, b, True))
    if name == "MYRIGHTS":
        return len(got) == 2 and matcher.ordered(rights_of(expected)[0], rights_of(got)[0], True)
    if name in ("ID", "METADATA") and isinstance(expected[-1], list) and isinstance(got[-1], list):
        return matcher.ordered(expected[:-1], got[:-1], True) and matcher.pairs(
            expected[-1], got[-1], True)
    if name == "QUOTA":
        return same_quota(matcher, expected, got)
    if name == "ESEARCH":
        return same_esearch(matcher, expected, got)
    return matcher.ordered(expected, got, name in ASTRINGS)


def without_uid(expected, got):
    """A FETCH may always say which message it is about."""
    if "UID" in got and "UID" not in expected:
        at = got.index("UID")
        return got[:at] + got[at + 2:]
    return got


def same_extended(matcher, expected, got):
    """("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("x")) of RFC 5258: in any order."""
    if not expected or not got or not isinstance(expected[0], list):
        return expected == got
    def same(one, other):
        return matcher.value(one[0], other[0], True) and (
            matcher.unordered(one[1], other[1]) if isinstance(one[1], list)
            else matcher.value(one[1], other[1], True))
    return matcher.unordered(list(zip(expected[0][0::2], expected[0][1::2])),
                             list(zip(got[0][0::2], got[0][1::2])), same)


def rights_of(values):
    return [["".join(sorted(rights)) if "{" not in rights else rights, name]
            for name, rights in zip(values[0::2], values[1::2])]


def same_quota(matcher, expected, got):
    def triples(values):
        return [values[at:at + 3] for at in range(0, len(values), 3)]
    if len(got) != 2 or not matcher.value(expected[0], got[0], True):
        return False
    if isinstance(expected[1], str):
        return matcher.value(expected[1], got[1])
    return matcher.unordered(triples(expected[1]), triples(got[1]), matcher.ordered)


def same_esearch(matcher, expected, got):
    """(TAG "x") (MAILBOX y UIDVALIDITY z) UID name value ..."""
    def split(values):
        correlator = values[0] if values and isinstance(values[0], list) else []
        rest = values[1:] if correlator else values
        uid = bool(rest) and rest[0] == "UID"
        return correlator, uid, rest[1:] if uid else rest
    one, other = split(expected), split(got)
    return (one[1] == other[1] and matcher.pairs(one[0], other[0], True)
            and matcher.pairs(one[2], other[2], True))
