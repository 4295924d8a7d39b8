# annex.capnp
#
# The erasable details of events: everything that says something of a person. An annex belongs to
# one person, is committed to by its event's core with a salted hash, and may be gone. Never in an
# annex: passwords, verifiers, tokens, keys, raw dialogue, bodies.
@0xd2b7a5160f9c3e84;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("daybook::annex");

struct Annex {
  union {
    none @0 :Void;
    received @1 :Received;
    recipient @2 :Recipient;
    rejected @3 :Rejected;
    stored @4 :Stored;
    name @5 :Name;
    account @6 :Account;
    session @7 :Session;
    authFailed @8 :AuthFailed;
    query @9 :Query;
    remote @10 :Remote;
    metadata @11 :Metadata;
  }
}

struct Received {
  # Of Received: the sender and the connection.
  reversePath @0 :Text;
  # Without angle brackets; empty for the null reverse-path.
  helo @1 :Text;
  ip @2 :Text;
  port @3 :UInt16;
  messageId @4 :Text;
  subject @5 :Text;
  # As decoded for people; the first 255 octets.
  contentHash @6 :Data;
  # SHA-256 of the message's octets.
  envelopeId @7 :Text;
  # ENVID, decoded; empty: none was given.
}

struct Recipient {
  # Of Accepted and Queued.
  forwardPath @0 :Text;
  original @1 :Text;
  # ORCPT, when given, as it came: "rfc822;alice+2Bx@example.org".
}

struct Remote {
  # Of attempts and their outcomes: the server on the other side.
  host @0 :Text;
  ip @1 :Text;
  text @2 :Text;
  # What it said, or what we say where it said nothing; at most 2 KiB.
}

struct Rejected {
  reversePath @0 :Text;
  forwardPath @1 :Text;
  helo @2 :Text;
  ip @3 :Text;
  text @4 :Text;
}

struct Stored {
  prefix @0 :Text;
  # Return-Path and Delivered-To, each line ended by CRLF; empty for APPEND.
}

struct Name {
  # Of KeywordDefined, MailboxCreated, MailboxRenamed, SubscriptionChanged, AddressChanged,
  # CredentialSet (its label), DomainChanged, DestinationDefined, SuppressionChanged and
  # DkimKeyRotated (its selector).
  text @0 :Text;
}

struct Metadata {
  # Of MailboxMetadataSet.
  entry @0 :Text;
  # "/shared/comment"
  value @1 :Data;
}

struct Account {
  login @0 :Text;
  displayName @1 :Text;
}

struct Session {
  ip @0 :Text;
  port @1 :UInt16;
  client @2 :Text;
}

struct AuthFailed {
  ip @0 :Text;
  login @1 :Text;
  # Only where the account exists: people type passwords there.
}

struct Query {
  text @0 :Text;
  user @1 :Text;
  # The operating system's user who asked.
}
