// directory.h
//
// Who is meant: recipient address -> accounts (plus addresses, aliases, postmaster), sender address
// -> may this account use it, login name -> account. Decides nothing for good and writes nothing.
// Thread: any; each call looks at the views as they are now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/directory/address.h"
#include "journal/base/ids.h"
#include "journal/base/outcome.h"
#include "projections/views.h"

namespace daybook {

struct Recipient {
    AccountId account;
    AddressId address;
    std::string detail;       // of a plus address; empty: none
    std::string deliveredTo;  // the address that it resolved to
};

class Directory {
public:
    explicit Directory(const Views& views) : views_(views) {}

    // Everybody whom mail for `address` goes to: the exact address first, then without its plus
    // detail. "postmaster" alone and postmaster@ any of our domains (RFC 5321 §4.5.1) always lead
    // somewhere: to the address if there is one, else to the oldest account of the domain (or of
    // the server). Refusals: NoSuchAddress (our domain), RelayDenied (not ours),
    // AccountDisabled (all of them are), InvalidArgument (malformed).
    Outcome<std::vector<Recipient>> resolve(std::string_view address) const;

    bool isLocalDomain(std::string_view domain) const;

    // May `account` send with this reverse-path or From address? Its own addresses, and those of
    // accounts that let it send as them, also with a plus detail. The null reverse-path: nobody who
    // submits.
    bool mayUseAddress(AccountId account, std::string_view address) const;

private:
    const Views& views_;
};

}  // namespace daybook
