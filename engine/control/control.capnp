# control.capnp
#
# The operator's interface to a running server, on the unix socket DIR/run/control.sock (its folder
# is readable by the server's user alone). One method for each method of administration.h.
@0xa91d3e5b7c264f08;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("daybook::control");

struct Result {
  # What became of it.
  ok @0 :Bool;
  reason @1 :UInt16;
  # Of the refusal, as refusal.h numbers them; both sides are of one version (see hello).
  detail @2 :Text;
}

struct SearchShelf {
  # What the search index has of one account.
  account @0 :UInt64;
  messages @1 :UInt64;
  textOctets @2 :UInt64;
  fileOctets @3 :UInt64;
}

interface Control {
  hello @0 () -> (version :Text, pid :UInt32, sessions :UInt64, appliedSeq :UInt64);
  # Who is there. A tool of another version stops here.

  addDomain @1 (name :Text) -> (result :Result);
  removeDomain @2 (name :Text) -> (result :Result);
  addAccount @3 (login :Text, displayName :Text, password :Text)
      -> (result :Result, account :UInt64);
  setPassword @4 (login :Text, password :Text) -> (result :Result);
  setAccountState @5 (login :Text, active :Bool) -> (result :Result);
  removeAccount @6 (login :Text) -> (result :Result);
  addAlias @7 (address :Text, login :Text) -> (result :Result);
  removeAlias @8 (address :Text, login :Text) -> (result :Result);
  recordJournalRead @9 (from :UInt64, to :UInt64, query :Text, user :Text) -> (result :Result);
  recordVerifyRun @10 (from :UInt64, to :UInt64, exitStatus :UInt16) -> (result :Result);
  adoptViews @11 (folder :Text) -> (result :Result, appliedSeq :UInt64, differed :Bool);
  reload @12 () -> (result :Result);
  rotateDkimKeys @13 (domain :Text, now :Bool) -> (result :Result);
  activateDkimKeys @14 (domain :Text) -> (result :Result);
  retireDkimKey @15 (domain :Text, selector :Text) -> (result :Result);
  setDelegation @16 (owner :Text, delegate :Text, rights :UInt16) -> (result :Result);

  actOnQueue @17 (operation :UInt16, message :UInt64, recipients :List(UInt32))
      -> (result :Result, acted :UInt64);
  # `operation` as event.capnp numbers QueueOperation; no recipients: all that wait.
  suppress @18 (login :Text, address :Text, on :Bool) -> (result :Result);

  setQuota @19 (login :Text, own :UInt16, storage :UInt64, messages :UInt64) -> (result :Result);
  # As event.capnp's QuotaSet.
  createMailbox @20 (login :Text, name :Text, specialUses :UInt16) -> (result :Result);
  # As event.capnp's MailboxCreated.
  setAcl @21 (login :Text, mailbox :Text, grantee :Text, rights :UInt16) -> (result :Result);
  # `grantee`: a login, or "anyone"; rights as event.capnp's AclChanged.

  rebuildSearchIndex @22 () -> (result :Result);
  searchIndexState @23 () -> (result :Result, covers :UInt64, accounts :List(SearchShelf));
}
