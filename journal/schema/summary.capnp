# summary.capnp
#
# What FETCH, SORT and THREAD need of a message, made once when it arrives and never again: kept in
# the content log beside the blob, copied by the fold into the view `summaries`. Offsets count from
# the first octet of the blob (the recipient's prefix is not in it).
@0xf04c8e2b917da365;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("daybook::summary");

struct Summary {
  version @0 :UInt16;
  # 2. A later server that needs more keeps reading this.
  envelope @1 :Data;
  # ENVELOPE's value, ready to send, RFC 9051 §7.5.2, 8-bit strings as literals.
  body @2 :Data;
  # BODY's value (not extensible).
  bodyStructure @3 :Data;
  # BODYSTRUCTURE's value.
  parts @4 :List(Part);
  # In depth-first order; [0] is the message itself.
  sentNs @5 :Int64;
  # The Date field, UTC; 0: none or unreadable.
  sentZoneMinutes @6 :Int16;
  messageId @7 :Text;
  # With its angle brackets, as found; empty: none.
  references @8 :List(Text);
  # References and In-Reply-To, oldest first, for THREAD.
  subject @9 :Text;
  # Decoded to UTF-8.
  threadKeys @10 :List(UInt64);
  # Since version 2. Of the Message-ID, the first reference and the nearest ones: what links the
  # message to its thread.
  subjectKey @11 :UInt64;
  # Of the subject without what replies add to it.
}

struct Part {
  parent @0 :Int32;
  # Index in `parts`; -1: the message itself.
  kind @1 :Kind;
  number @2 :UInt16;
  # 1-based among its siblings.
  headerOffset @3 :UInt64;
  bodyOffset @4 :UInt64;
  # Where the header (with its empty line) ends and the body begins.
  bodyEnd @5 :UInt64;
  # One past the last octet of the body.
  lines @6 :UInt32;
  # Of the body.
}

enum Kind {
  leaf @0;
  multipart @1;
  message @2;
  # message/rfc822 or message/global; its one child is the embedded message.
}
