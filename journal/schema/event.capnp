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
    queued @52 :Queued;
    attemptStarted @53 :AttemptStarted;
    relayed @54 :Relayed;
    deferred @55 :Deferred;
    bounced @56 :Bounced;
    expired @57 :Expired;
    attemptOutcomeUnknown @58 :AttemptOutcomeUnknown;
    dsnIssued @59 :DsnIssued;
    dsnReceived @60 :DsnReceived;
    mdnReceived @61 :MdnReceived;
    feedbackReceived @62 :FeedbackReceived;
    queueAction @63 :QueueAction;
    destinationDefined @64 :DestinationDefined;
    suppressionChanged @65 :SuppressionChanged;
    tlsReportIssued @66 :TlsReportIssued;
    dkimKeyRotated @67 :DkimKeyRotated;
    delegationChanged @68 :DelegationChanged;
    aclChanged @69 :AclChanged;
    quotaSet @70 :QuotaSet;
    quotaExceeded @71 :QuotaExceeded;
    mailboxMetadataSet @72 :MailboxMetadataSet;
    specialUseChanged @73 :SpecialUseChanged;
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
  relays @6 :UInt32;
  # How many Queued follow in the same commit.
  reports @7 :UInt32;
  # How many Accepted with a report due follow in the same commit.
  nullReversePath @8 :Bool;
  ret @9 :DsnReturn;
  # RET (RFC 3461 4.3).
  binary @10 :Bool;
  # BODY=BINARYMIME.
  requireTls @11 :Bool;
  # REQUIRETLS (RFC 8689).
  priority @12 :Int8;
  # MT-PRIORITY (RFC 6710), -9 to 9.
  hasPriority @13 :Bool;
  deliverBy @14 :DeliverBy;
  deliverByTrace @15 :Bool;
  deliverByNs @16 :Int64;
  # The deadline of DELIVERBY (RFC 2852).
  holdUntilNs @17 :Int64;
  # FUTURERELEASE (RFC 4865); 0: at once.
  headerUtf8 @18 :Bool;
  # Header fields have octets above 127: what needs SMTPUTF8 at the next hop (RFC 6531).
}

enum DsnReturn {
  unsaid @0;
  full @1;
  headers @2;
}

enum DeliverBy {
  none @0;
  return @1;
  # Mode R: after the deadline the message goes back.
  notify @2;
  # Mode N: after the deadline the sender is told, and the message goes on.
}

struct Accepted {
  # One recipient of a received message was taken, before the 250. Annexes: [0] annex.recipient;
  # for disposition relay none (the Queued that follows has it).
  disposition @0 :Disposition;
  address @1 :UInt64;
  # The AddressId that the recipient resolved to.
  recipient @2 :UInt32;
  # Its number in the envelope, from 1; 0 in events from before there were numbers.
  notify @3 :UInt16;
  # Bits of NOTIFY (RFC 3461 4.1): never 1, success 2, failure 4, delay 8; 0: not said.
  report @4 :Bool;
  # A report "delivered" is due to the sender.
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
  copy @5;
  # Out of another account: the same blob, with an EMAILID and an annex of its own.
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
  moved @5;
  # Into another account: its Stored follow in the same commit.
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
  specialUses @3 :UInt16;
  # A bit for each of SpecialUse (1 << its number), beside `specialUse`.
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

struct SpecialUseChanged {
  # Which attributes of RFC 6154 the header's mailbox has from now on. No annex.
  specialUses @0 :UInt16;
  # Bits, as in MailboxCreated.
}

struct AclChanged {
  # What somebody may do in the header's mailbox (RFC 4314). No annex.
  grantee @0 :UInt64;
  # An account; 0: everybody who has one here.
  before @1 :UInt16;
  after @2 :UInt16;
  # Bits, in the order of "lrswipkxtea", l is 1; 0: nothing.
}

struct QuotaSet {
  # The header's account has limits of its own (RFC 9208). No annex.
  own @0 :UInt16;
  # Bits: storage 1, messages 2. What is not among them is as the configuration says.
  storageOctets @1 :UInt64;
  messages @2 :UInt64;
  # 2^64 - 1: no limit.
}

enum QuotaResource {
  storage @0;
  messages @1;
}

struct QuotaExceeded {
  # A message was refused for the header's mailbox, or taken above the limit. At most one a mailbox
  # and hour. No annex.
  resource @0 :QuotaResource;
  used @1 :UInt64;
  # Octets or messages of the account, without that message.
  limit @2 :UInt64;
}

struct MailboxMetadataSet {
  # An annotation (RFC 5464) of the header's mailbox; without a mailbox: of the account, or of the
  # server. Annexes: [0] annex.metadata, only when `on`.
  entry @0 :UInt64;
  # A random id of the entry's name.
  user @1 :UInt64;
  # Whose /private entry it is; 0: /shared.
  on @2 :Bool;
}

# Outbound. `recipients` are numbers of the message's envelope (Queued.recipient); `reports` are
# those among them for whom a status report to the sender is due by this event. The header's account
# is the sender's, 0 if the message came from elsewhere.

struct Queued {
  # A recipient at another server: the message waits for it. Annexes: [0] annex.recipient.
  recipient @0 :UInt32;
  destination @1 :UInt64;
  # Of DestinationDefined: the domain.
  notify @2 :UInt16;
  dueNs @3 :Int64;
  # Not tried before.
  expiresNs @4 :Int64;
  # Given up after.
  class @5 :QueueClass;
}

enum QueueClass {
  submission @0;
  relay @1;
  # From an address that may relay, without an account.
  report @2;
  # A status report of our own.
}

struct AttemptStarted {
  # Durable before the message is offered. Annexes: [0] annex.remote.
  attempt @0 :UInt64;
  # A random id, named by the outcome.
  recipients @1 :List(UInt32);
  number @2 :UInt32;
  # Of the tries of the first of them, from 1.
}

struct SmtpReply {
  code @0 :UInt16;
  # 0: the other server said nothing; the annex's text is ours.
  enhancedCode @1 :UInt32;
  # class << 16 | subject << 8 | detail
}

enum TlsPolicy {
  none @0;
  mtaSts @1;
  dane @2;
}

enum TlsFault {
  # RFC 8460 4.3, by its names.
  none @0;
  startTlsNotSupported @1;
  certificateHostMismatch @2;
  certificateExpired @3;
  certificateNotTrusted @4;
  validationFailure @5;
  tlsaInvalid @6;
  dnssecInvalid @7;
  daneRequired @8;
  stsPolicyFetchError @9;
  stsPolicyInvalid @10;
  stsWebpkiInvalid @11;
}

struct TlsResult {
  # What the connection was, and what its policy said of it.
  tls @0 :Tls;
  policy @1 :TlsPolicy;
  verified @2 :Bool;
  fault @3 :TlsFault;
  # With a message that was relayed all the same: the policy is in testing, or asks for nothing.
}

struct Relayed {
  # Another server has taken responsibility. Annexes: [0] annex.remote.
  attempt @0 :UInt64;
  recipients @1 :List(UInt32);
  reply @2 :SmtpReply;
  tls @3 :TlsResult;
  dsn @4 :Bool;
  # It speaks DSN: reports are its duty now.
  reports @5 :List(UInt32);
}

struct Deferred {
  # Not now. Annexes: [0] annex.remote.
  attempt @0 :UInt64;
  # 0: it did not come so far.
  recipients @1 :List(UInt32);
  reply @2 :SmtpReply;
  reason @3 :OutcomeReason;
  nextNs @4 :Int64;
  tls @5 :TlsResult;
  reports @6 :List(UInt32);
  # A report "delayed" is due.
}

struct Bounced {
  # Never. Annexes: [0] annex.remote.
  attempt @0 :UInt64;
  recipients @1 :List(UInt32);
  reply @2 :SmtpReply;
  reason @3 :OutcomeReason;
  tls @4 :TlsResult;
  reports @5 :List(UInt32);
}

enum OutcomeReason {
  refused @0;
  # By the other server's reply.
  dns @1;
  noRoute @2;
  # No such domain, null MX, a loop.
  connect @3;
  tls @4;
  # The policy asks for what the other server has not.
  login @5;
  # At the smart host.
  broken @6;
  # The connection ended before the message had been handed over.
  unsendable @7;
  # The other server cannot take this message: too large, 8-bit, UTF-8.
  busy @8;
  # Not tried: its destination did not answer a moment ago.
  suppressed @9;
  removed @10;
  # By the operator.
}

struct Expired {
  # Given up. Annexes: [0] annex.remote, with the last answer.
  recipients @0 :List(UInt32);
  tries @1 :UInt32;
  firstNs @2 :Int64;
  reply @3 :SmtpReply;
  deadline @4 :Deadline;
  reports @5 :List(UInt32);
}

enum Deadline {
  lifetime @0;
  deliverBy @1;
}

struct AttemptOutcomeUnknown {
  # The message was offered, and no answer to it is on record: it may have been taken. It is tried
  # again, so that it may come twice and is never lost (RFC 1047). Annexes: [0] annex.remote, none
  # after a restart.
  attempt @0 :UInt64;
  recipients @1 :List(UInt32);
  nextNs @2 :Int64;
}

enum DsnAction {
  # RFC 3464 2.3.3
  failed @0;
  delayed @1;
  delivered @2;
  relayed @3;
  expanded @4;
}

struct DsnIssued {
  # A report about the header's message was made; it is a message itself. No annex.
  action @0 :DsnAction;
  recipients @1 :List(UInt32);
  report @2 :UInt64;
  # The report's MessageId; 0: it could not be delivered to anybody, see `suppressed`.
  suppressed @3 :ReportSuppressed;
}

enum ReportSuppressed {
  no @0;
  senderGone @1;
  nullReversePath @2;
}

struct DsnReceived {
  # A report from elsewhere about the header's message. Annexes: [0] annex.remote.
  recipients @0 :List(UInt32);
  action @1 :DsnAction;
  enhancedCode @2 :UInt32;
  matchedBy @3 :MatchedBy;
  report @4 :UInt64;
  # The report's MessageId.
}

enum MatchedBy {
  envelopeId @0;
  messageId @1;
  verp @2;
}

struct MdnReceived {
  # RFC 8098. Annexes: [0] annex.remote: the final recipient is its host.
  disposition @0 :Disposed;
  automatic @1 :Bool;
  matchedBy @2 :MatchedBy;
  report @3 :UInt64;
  recipients @4 :List(UInt32);
}

enum Disposed {
  displayed @0;
  deleted @1;
  dispatched @2;
  processed @3;
  denied @4;
  failed @5;
}

struct FeedbackReceived {
  # RFC 5965. Annexes: [0] annex.remote.
  type @0 :FeedbackType;
  matchedBy @1 :MatchedBy;
  report @2 :UInt64;
  recipients @3 :List(UInt32);
}

enum FeedbackType {
  abuse @0;
  fraud @1;
  virus @2;
  notSpam @3;
  optOut @4;
  other @5;
}

struct QueueAction {
  # What the operator did to waiting recipients. No annex.
  op @0 :QueueOperation;
  recipients @1 :List(UInt32);
  dueNs @2 :Int64;
  # For release and retry.
  reports @3 :List(UInt32);
  # For remove: a report "failed" is due.
}

enum QueueOperation {
  hold @0;
  release @1;
  retry @2;
  remove @3;
}

struct DestinationDefined {
  # A domain that mail goes to, by a random id. Annexes: [0] annex.name.
  destination @0 :UInt64;
}

struct SuppressionChanged {
  # The account's mail is no longer taken for an address that bounced hard. Annexes: [0] annex.name.
  suppression @0 :UInt64;
  # A random id of the account's entry.
  on @1 :Bool;
  enhancedCode @2 :UInt32;
}

struct TlsReportIssued {
  # RFC 8460. No annex.
  destination @0 :UInt64;
  day @1 :UInt32;
  # Days since 1970, UTC.
  report @2 :UInt64;
  # The report's MessageId; 0: posted, or nobody asked for it.
}

# Accounts and administration

struct DkimKeyRotated {
  # A domain's signing key. Annexes: [0] annex.name (the selector).
  domain @0 :UInt64;
  key @1 :UInt64;
  # Its id in the secrets store.
  algorithm @2 :DkimAlgorithm;
  state @3 :DkimState;
  publicKey @4 :Data;
  # What the p= tag of its DNS record has in base64: anybody may know it, and it tells for good which
  # key was whose.
}

enum DkimAlgorithm {
  rsaSha256 @0;
  ed25519Sha256 @1;
}

enum DkimState {
  published @0;
  # Made, and to be put into the DNS; does not sign yet.
  active @1;
  retired @2;
  # Signs no more; its private key is deleted.
}

struct DelegationChanged {
  # The header's account lets another one act for it. No annex.
  delegate @0 :UInt64;
  rights @1 :UInt16;
  # Afterwards. Bits: send as its addresses 1; 0: none.
}

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
  scramSha1 @7;
  oauthBearer @8;
  external @9;
  # A certificate of the client's.
  trustedProxy @10;
  # XCLIENT from a proxy that had checked the login.
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
