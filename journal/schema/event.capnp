# event.capnp
#
# The catalogue of events: what can happen, in the past tense. A core holds numbers only: what it
# says of persons stands in its annexes (annex.capnp), which can be erased while the core stays.
# Kinds are numbered once (journal/kind.h) and never reused; fields are only ever added, at the end;
# a new meaning is a new kind. The stored bytes are the canonical form, and they are what the Merkle
# log hashes.
@0xb6d1c0f5a2e94731;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("daybook::event");

struct Core {
  seq @0 :UInt64;
  # Dense, from 1. The Merkle leaf's index is seq - 1.
  timeNs @1 :Int64;
  # Nanoseconds since 1970 UTC; never smaller than that of the event before.
  kind @2 :UInt16;
  # The stable number of kind.h; says the same as the union's member.
  schema @3 :UInt16;
  # The version of the kind's fields that the writer knew.
  flags @4 :UInt16;
  # Bit 0: ignorable (audit only: a projection that does not know the kind may pass over it).
  # Bit 1: imported. Bit 2: repaired.
  actor @5 :Actor;
  actorId @6 :UInt64;
  # An AccountId for owner, delegate, admin and auditor; else 0.
  onBehalfOf @7 :UInt64;
  credential @8 :UInt64;
  session @9 :UInt64;
  # A random SessionId, the one that SessionOpened names; 0: none.
  command @10 :UInt64;
  # The idempotency key of the command that this event comes from; joins one command's events.
  cause @11 :UInt64;
  # The seq that led here; 0: none.
  account @12 :UInt64;
  mailbox @13 :UInt64;
  message @14 :UInt64;
  # The message's journal id.
  annexes @15 :List(AnnexRef);
  # An annex belongs to one person.

  union {
    received @16 :Received;
    accepted @17 :Accepted;
    rejected @18 :Rejected;
    stored @19 :Stored;
    copied @20 :Copied;
    moved @21 :Copied;
    flagsChanged @22 :FlagsChanged;
    expunged @23 :Expunged;
    keywordDefined @24 :KeywordDefined;
    recentClaimed @25 :RecentClaimed;
    accessOpened @26 :AccessOpened;
    fetched @27 :Fetched;
    accessWindowLost @28 :AccessWindowLost;
    journalRead @29 :JournalRead;
    mailboxCreated @30 :MailboxCreated;
    mailboxRenamed @31 :MailboxRenamed;
    mailboxDeleted @32 :MailboxDeleted;
    subscriptionChanged @33 :SubscriptionChanged;
    accountCreated @34 :AccountCreated;
    accountStateChanged @35 :AccountStateChanged;
    accountDeleted @36 :AccountDeleted;
    addressChanged @37 :AddressChanged;
    credentialSet @38 :CredentialSet;
    credentialRevoked @39 :CredentialRevoked;
    domainChanged @40 :DomainChanged;
    sessionOpened @41 :SessionOpened;
    authSucceeded @42 :AuthSucceeded;
    authFailed @43 :AuthFailed;
    sessionClosed @44 :SessionClosed;
    genesis @45 :Genesis;
    viewsRebuilt @46 :ViewsRebuilt;
    serverStarted @47 :ServerStarted;
    serverStopped @48 :ServerStopped;
    verifyRun @49 :VerifyRun;
    diskPressure @50 :DiskPressure;
    clockStepped @51 :ClockStepped;
  }
}

enum Actor {
  system @0;
  owner @1;
  delegate @2;
  admin @3;
  auditor @4;
  rule @5;
  remoteMta @6;
  importer @7;
}

enum Protocol {
  none @0;
  smtp @1;
  submission @2;
  lmtp @3;
  imap @4;
  pop3 @5;
  managesieve @6;
  http @7;
  jmap @8;
  control @9;
  # The operator's tool, through the control socket or in its own process.
}

struct AnnexRef {
  subject @0 :UInt64;
  # The account whose personal data it holds; 0: none of ours.
  segment @1 :UInt32;
  octets @2 :UInt32;
  offset @3 :UInt64;
  # Where the annex's record begins in the content log (content_format.h).
  commitment @4 :Data;
  # SHA-256(salt || annex bytes), 32 octets.
}

struct BlobRef {
  segment @0 :UInt32;
  summaryOctets @1 :UInt32;
  offset @2 :UInt64;
  octets @3 :UInt64;
  # The message's own octets, without the summary.
  commitment @4 :Data;
  # SHA-256(salt || blob || summary), 32 octets.
}

struct UidRange {
  first @0 :UInt32;
  last @1 :UInt32;
}

struct Tls {
  version @0 :UInt16;
  # As on the wire: 0x0303 is TLS 1.2, 0x0304 TLS 1.3; 0: no TLS.
  cipher @1 :UInt16;
}

# Arrival

struct Received {
  # A message came in, as a whole. Annexes: [0] annex.received.
  protocol @0 :Protocol;
  recipients @1 :UInt32;
  blob @2 :BlobRef;
  eightBit @3 :Bool;
  # BODY=8BITMIME was declared.
  smtpUtf8 @4 :Bool;
  tls @5 :Tls;
}

struct Accepted {
  # One recipient of a received message was taken, before the 250. Annexes: [0] annex.recipient.
  disposition @0 :Disposition;
  address @1 :UInt64;
  # The AddressId that the recipient resolved to.
}

enum Disposition {
  local @0;
  relay @1;
  quarantine @2;
  discard @3;
}

struct Rejected {
  # A peer was told no. Annexes: [0] annex.rejected.
  stage @0 :Stage;
  smtpCode @1 :UInt16;
  enhancedCode @2 :UInt32;
  # class << 16 | subject << 8 | detail
  temporary @3 :Bool;
  count @4 :UInt32;
  # How many in the window; 1 for one.
  windowNs @5 :Int64;
  protocol @6 :Protocol;
}

enum Stage {
  connect @0;
  helo @1;
  auth @2;
  mail @3;
  rcpt @4;
  data @5;
  content @6;
  quota @7;
  disk @8;
  append @9;
}

# In the mailbox

struct Stored {
  # A message stands in a mailbox. Annexes: [0] annex.stored.
  uid @0 :UInt32;
  prefixOctets @1 :UInt32;
  # The trace fields that stand before the blob for this recipient alone (annex.stored.prefix).
  modSeq @2 :UInt64;
  emailId @3 :UInt64;
  threadId @4 :UInt64;
  systemFlags @5 :UInt16;
  # Bits of projections/message_row.h: seen 1, answered 2, flagged 4, deleted 8, draft 16.
  via @6 :Via;
  keywords @7 :List(UInt16);
  internalDateNs @8 :Int64;
  zoneMinutes @9 :Int16;
  # The offset from UTC that APPEND named.
  octets @10 :UInt64;
  # RFC822.SIZE: prefix and blob.
  blob @11 :BlobRef;
  uidValidity @12 :UInt32;
}

enum Via {
  delivery @0;
  append @1;
  import @2;
  sieve @3;
  recover @4;
}

struct Copied {
  # Messages were copied, or moved, from the header's mailbox to `target`. Pairs are parallel.
  target @0 :UInt64;
  targetUidValidity @1 :UInt32;
  modSeq @2 :UInt64;
  sourceUids @3 :List(UInt32);
  targetUids @4 :List(UInt32);
  # For Moved every source UID is expunged from the header's mailbox with the same modSeq.
}

struct FlagsChanged {
  # The same change of flags for messages whose flags really changed by it.
  modSeq @0 :UInt64;
  uids @1 :List(UidRange);
  addSystem @2 :UInt16;
  removeSystem @3 :UInt16;
  addKeywords @4 :List(UInt16);
  removeKeywords @5 :List(UInt16);
  reason @6 :FlagsReason;
}

enum FlagsReason {
  store @0;
  fetch @1;
  # \Seen, set by a FETCH of a body.
}

struct Expunged {
  modSeq @0 :UInt64;
  uids @1 :List(UidRange);
  reason @2 :ExpungeReason;
}

enum ExpungeReason {
  client @0;
  pop3 @1;
  retention @2;
  admin @3;
  replaced @4;
}

struct KeywordDefined {
  # Annexes: [0] annex.name.
  keyword @0 :UInt16;
}

struct RecentClaimed {
  # A session was told of every message below `uidNext` as \Recent or later than that. Ignorable.
  uidNext @0 :UInt32;
}

# Access

struct AccessOpened {
  # Durable before the first octet of a body leaves. Annexes: none; the session's tell from where.
  access @0 :AccessClass;
  modSeq @1 :UInt64;
  # The mailbox's HIGHESTMODSEQ then.
  protocol @2 :Protocol;
}

enum AccessClass {
  bind @0;
  # Single messages.
  search @1;
  export @2;
  copyOut @3;
}

struct Fetched {
  # What was read under an AccessOpened, exactly.
  opened @0 :UInt64;
  # The seq of AccessOpened.
  firstNs @1 :Int64;
  lastNs @2 :Int64;
  operations @3 :UInt32;
  last @4 :Bool;
  # No other Fetched follows for this AccessOpened.
  items @5 :List(FetchedItem);
}

struct FetchedItem {
  uids @0 :List(UidRange);
  parts @1 :UInt16;
  # Bits: envelope 1, structure 2, headers 4, preview 8, text 16, full 32, section 64, search 128.
  sections @2 :List(Text);
  # Numbers and the standard's words only: "1.2", "1.2.MIME", "HEADER".
  octets @3 :UInt64;
  peek @4 :Bool;
  partial @5 :Bool;
}

struct AccessWindowLost {
  # The server stopped before the last Fetched of `opened` was written: assume that all was read.
  opened @0 :UInt64;
}

struct JournalRead {
  # Somebody looked into the journal. Annexes: [0] annex.query. Ignorable.
  fromSeq @0 :UInt64;
  toSeq @1 :UInt64;
}

# Mailboxes

struct MailboxCreated {
  # Annexes: [0] annex.name.
  uidValidity @0 :UInt32;
  specialUse @1 :SpecialUse;
  modSeq @2 :UInt64;
}

enum SpecialUse {
  none @0;
  all @1;
  archive @2;
  drafts @3;
  flagged @4;
  junk @5;
  sent @6;
  trash @7;
  inbox @8;
  # Not an attribute: marks the INBOX, whose name no case distinguishes.
}

struct MailboxRenamed {
  # Annexes: [0] annex.name (the new name).
  modSeq @0 :UInt64;
}

struct MailboxDeleted {
  messages @0 :UInt32;
  modSeq @1 :UInt64;
}

struct SubscriptionChanged {
  # Annexes: [0] annex.name, only when `on`.
  subscription @0 :UInt64;
  # A random id of the subscribed name, which need not be a mailbox.
  on @1 :Bool;
}

# Accounts and administration

struct DomainChanged {
  # Annexes: [0] annex.name.
  domain @0 :UInt64;
  on @1 :Bool;
}

struct AccountCreated {
  # Annexes: [0] annex.account.
  domain @0 :UInt64;
}

struct AccountStateChanged {
  state @0 :AccountState;
}

enum AccountState {
  active @0;
  disabled @1;
}

struct AccountDeleted {
  mode @0 :UInt16;
  # 0: retained until erased.
}

struct AddressChanged {
  # The header's account receives mail for the address, or no longer. Annexes: [0] annex.name.
  address @0 :UInt64;
  domain @1 :UInt64;
  on @2 :Bool;
  primary @3 :Bool;
}

struct CredentialSet {
  # Takes the place of the account's credential of the same kind and id. Annexes: [0] annex.name.
  credential @0 :UInt64;
  kind @1 :CredentialKind;
  algorithm @2 :UInt16;
  # 1: SCRAM-SHA-256 keys.
}

enum CredentialKind {
  password @0;
  appPassword @1;
}

struct CredentialRevoked {
  credential @0 :UInt64;
}

# Sessions

struct SessionOpened {
  # Annexes: [0] annex.session.
  protocol @0 :Protocol;
  port @1 :UInt16;
  tls @2 :Tls;
}

struct AuthSucceeded {
  mechanism @0 :Mechanism;
}

enum Mechanism {
  none @0;
  plain @1;
  login @2;
  scramSha256 @3;
  scramSha256Plus @4;
  pop3User @5;
  imapLogin @6;
}

struct AuthFailed {
  # Annexes: [0] annex.authFailed.
  mechanism @0 :Mechanism;
  count @1 :UInt32;
  windowNs @2 :Int64;
  protocol @3 :Protocol;
}

struct SessionClosed {
  reason @0 :CloseReason;
  commands @1 :UInt32;
  octetsIn @2 :UInt64;
  octetsOut @3 :UInt64;
}

enum CloseReason {
  quit @0;
  peerGone @1;
  timeout @2;
  errors @3;
  serverStopped @4;
  serverFault @5;
}

# System

struct Genesis {
  journalId @0 :UInt64;
  format @1 :UInt32;
  origin @2 :UInt64;
  # 0: a new log.
}

struct ViewsRebuilt {
  toSeq @0 :UInt64;
  views @1 :List(ViewDigest);
  milliseconds @2 :UInt64;
}

struct ViewDigest {
  version @0 :UInt32;
  digest @1 :Data;
}

struct ServerStarted {
  clean @0 :Bool;
  # The stop before was.
  headAtStop @1 :UInt64;
  lostWindows @2 :UInt32;
  epoch @3 :UInt64;
}

struct ServerStopped {
  reason @0 :UInt16;
  # 0: asked to.
}

struct VerifyRun {
  fromSeq @0 :UInt64;
  toSeq @1 :UInt64;
  result @2 :UInt16;
  # The exit status of `journal verify`.
}

struct DiskPressure {
  level @0 :UInt16;
  # 0: relieved, 1: the reserve is touched.
}

struct ClockStepped {
  deltaNs @0 :Int64;
}
