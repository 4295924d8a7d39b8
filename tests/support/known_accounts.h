// known_accounts.h
//
// Views that know domains, accounts and addresses, folded from events in memory: for tests of what
// reads them, without a journal. One thread.
#pragma once

#include <string_view>

#include "projections/projector.h"
#include "projections/views.h"
#include "tests/support/events.h"
#include "tests/support/temporary_folder.h"

namespace daybook::test {

class KnownAccounts {
public:
    KnownAccounts() : views_(folder_.path(), options()) {}

    void domain(std::uint64_t id, std::string_view name) { add(domainChanged(id, true, name)); }

    // With its login as its address, whose id is 100 more.
    void account(std::uint64_t id, std::string_view login, std::uint64_t domain = 1) {
        Draft created = accountCreated(id, login, "");
        created.core().getAccountCreated().setDomain(domain);
        add(std::move(created));
        address(id, id + 100, login);
    }

    void address(std::uint64_t account, std::uint64_t id, std::string_view text) {
        add(addressChanged(account, id, true, text));
    }

    void delegate(std::uint64_t account, std::uint64_t delegate, std::uint16_t rights) {
        add(delegationChanged(account, delegate, rights));
    }

    void credential(std::uint64_t account, std::uint64_t id) {
        add(credentialSet(account, id, ""));
    }

    void revoke(std::uint64_t account, std::uint64_t id) { add(credentialRevoked(account, id)); }

    void disable(std::uint64_t account) {
        add(accountStateChanged(account, event::AccountState::DISABLED));
    }

    const Views& views() const { return views_; }

private:
    static ViewsOptions options() {
        return {.mapOctets = std::size_t{1} << 28U, .sync = lmdb::Sync::None};
    }

    void add(Draft draft) {
        const Seq seq = history_.append(std::move(draft));
        ViewsEnvironment& environment = *views_.environment();
        lmdb::WriteTransaction txn(environment.environment());
        history_.withRecord(
            seq, [&](const Record& record) { applyToAll(record, txn, environment.tables()); });
        txn.commit();
    }

    TemporaryFolder folder_;
    Views views_;
    EventHistory history_;
};

}  // namespace daybook::test
