// accounts.h
//
// Domains and the keys they sign with, accounts, the addresses that lead to them, ids of their
// credentials, who may act for them, their keywords.
//
//     domains       = domainId -> name
//     domainNames   = name (lower case) -> domainId
//     accounts      = accountId -> state createdNs domainId nextKeyword login displayName
//     logins        = login (lower case) -> accountId
//     addresses     = accountId addressId -> primary domainId address
//     addressNames  = address (normalized) NUL accountId -> addressId
//     credentials   = accountId credentialId -> kind algorithm createdNs label
//     delegations   = accountId delegateId -> rights
//     keywords      = accountId keywordId -> name
//     keywordNames  = accountId name (lower case) -> keywordId
//     dkimKeys      = domainId credentialId -> state algorithm createdNs changedNs selector
//     publicKey
//
// An address may lead to several accounts (an alias that fans out). Read side: any thread, as long
// as its transaction lives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "journal/schema/event.capnp.h"
#include "projections/projection.h"

namespace daybook {

struct DomainRow {
    DomainId id;
    std::string name;
};

// The private half is in the secrets store as long as the key is not retired.
struct DkimKeyRow {
    DomainId domain;
    CredentialId id;
    event::DkimState state = event::DkimState::PUBLISHED;
    event::DkimAlgorithm algorithm = event::DkimAlgorithm::RSA_SHA256;
    TimeNs createdNs = 0;
    TimeNs changedNs = 0;
    std::string selector;
    std::string publicKey;  // octets; the p= tag has them in base64
};

struct AccountRow {
    AccountId id;
    event::AccountState state = event::AccountState::ACTIVE;
    bool deleted = false;
    TimeNs createdNs = 0;
    DomainId domain;
    KeywordId nextKeyword;  // the number that the next new keyword gets
    std::string login;      // lower case, an address: "alice@example.org"
    std::string displayName;
};

struct AddressRow {
    AccountId account;
    AddressId id;
    DomainId domain;
    bool primary = false;
    std::string address;  // normalized: lower-case domain, lower-case local part
};

struct CredentialRow {
    CredentialId id;
    event::CredentialKind kind = event::CredentialKind::PASSWORD;
    std::uint16_t algorithm = 0;
    TimeNs createdNs = 0;
    std::string label;
};

struct DelegationRow {
    AccountId account;   // whose addresses and mail
    AccountId delegate;  // who may act for it
    std::uint16_t rights = 0;
};

// Bits of DelegationRow::rights (event.capnp).
inline constexpr std::uint16_t kMaySendAs = 1;

class AccountsView {
public:
    AccountsView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    std::optional<DomainRow> findDomain(std::string_view name) const;
    std::vector<DomainRow> domains() const;
    // Retired ones too, the oldest first.
    std::vector<DkimKeyRow> dkimKeysOf(DomainId domain) const;

    std::optional<AccountRow> account(AccountId id) const;
    // Not deleted ones; by login, any case.
    std::optional<AccountRow> findLogin(std::string_view login) const;
    // In order of login, deleted ones left out.
    std::vector<AccountRow> accounts() const;

    // Everybody whom the normalized address leads to; empty: nobody.
    std::vector<AddressRow> resolve(std::string_view address) const;
    std::vector<AddressRow> addressesOf(AccountId account) const;
    std::vector<AddressRow> addresses() const;

    // In force.
    std::vector<CredentialRow> credentialsOf(AccountId account) const;
    bool isInForce(AccountId account, CredentialId credential) const;

    // Bits; 0: `delegate` may do nothing for `account`.
    std::uint16_t rightsOf(AccountId account, AccountId delegate) const;
    std::vector<DelegationRow> delegations() const;

    std::optional<KeywordId> findKeyword(AccountId account, std::string_view name) const;
    // Empty if erased.
    std::optional<std::string> keywordName(AccountId account, KeywordId keyword) const;
    std::vector<std::pair<KeywordId, std::string>> keywordsOf(AccountId account) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kAccountsProjection;

}  // namespace daybook
