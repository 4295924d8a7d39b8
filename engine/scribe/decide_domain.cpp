// Domains, and the keys that they sign their mail with.

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "engine/scribe/decide_parts.h"

namespace daybook {

namespace {

using KeyState = event::DkimState;

void addDomainChanged(
    Events& events, const Origin& origin, DomainId domain, std::string_view name, bool on) {
    Draft& draft = events.add(Kind::DomainChanged, origin);
    auto changed = draft.core().initDomainChanged();
    changed.setDomain(domain.number());
    changed.setOn(on);
    setName(draft, AccountId(), name);
}

// "rsa-20261124", and "rsa-20261124-2" if that is taken: what an operator recognizes in a zone. A
// selector of a key that is retired is not used again: others may remember what stood there.
std::string selectorFor(const NewDkimKey& key, const std::vector<std::string>& taken, TimeNs now) {
    using namespace std::chrono;
    const year_month_day day(floor<days>(sys_time<nanoseconds>(nanoseconds(now))));
    const std::string base = fmt::format(
        "{}-{:04}{:02}{:02}",
        key.algorithm == event::DkimAlgorithm::ED25519_SHA256 ? "ed25519" : "rsa",
        static_cast<int>(day.year()),
        static_cast<unsigned>(day.month()),
        static_cast<unsigned>(day.day()));
    std::string selector = base;
    for (int number = 2; std::ranges::find(taken, selector) != taken.end(); ++number) {
        selector = fmt::format("{}-{}", base, number);
    }
    return selector;
}

capnp::Data::Reader octetsOf(std::string_view text) {
    return {reinterpret_cast<const capnp::byte*>(text.data()), text.size()};
}

// One event for each key that changes.
struct KeyChanges {
    Events& events;
    const Origin& origin;
    DomainId domain;

    void add(const NewDkimKey& key, std::string_view selector, KeyState state) const {
        Draft& draft = events.add(Kind::DkimKeyRotated, origin);
        auto rotated = draft.core().initDkimKeyRotated();
        rotated.setDomain(domain.number());
        rotated.setKey(key.id.number());
        rotated.setAlgorithm(key.algorithm);
        rotated.setState(state);
        rotated.setPublicKey(octetsOf(key.publicKey));
        setName(draft, AccountId(), selector);
    }

    void change(const DkimKeyRow& row, KeyState state) const {
        const NewDkimKey key{
            .id = row.id,
            .algorithm = row.algorithm,
            .publicKey = row.publicKey,
        };
        add(key, row.selector, state);
    }

    void changeAll(const std::vector<DkimKeyRow>& rows, KeyState from, KeyState to) const {
        for (const DkimKeyRow& row : rows) {
            if (row.state == from) change(row, to);
        }
    }

    void retireAll(const std::vector<DkimKeyRow>& rows) const {
        changeAll(rows, KeyState::PUBLISHED, KeyState::RETIRED);
        changeAll(rows, KeyState::ACTIVE, KeyState::RETIRED);
    }

    void begin(
        const std::vector<NewDkimKey>& keys,
        const std::vector<DkimKeyRow>& before,
        KeyState state) const {
        std::vector<std::string> taken;
        for (const DkimKeyRow& row : before) {
            taken.push_back(row.selector);
        }
        for (const NewDkimKey& key : keys) {
            taken.push_back(selectorFor(key, taken, events.now()));
            add(key, taken.back(), state);
        }
    }
};

bool isAny(const std::vector<DkimKeyRow>& rows, KeyState state) {
    return std::ranges::find(rows, state, &DkimKeyRow::state) != rows.end();
}

}  // namespace

Outcome<Done> decide(const AddDomain& command, const Deciding& deciding, Events& events) {
    if (command.name.empty()) return refuse(RefusalReason::InvalidArgument, "no name");
    if (deciding.views.accounts().findDomain(command.name)) {
        return refuse(RefusalReason::DomainExists, command.name);
    }
    addDomainChanged(events, command.origin, command.newId, command.name, true);
    const KeyChanges changes{.events = events, .origin = command.origin, .domain = command.newId};
    changes.begin(command.keys, {}, event::DkimState::ACTIVE);
    return Done{};
}

Outcome<Done> decide(const RemoveDomain& command, const Deciding& deciding, Events& events) {
    const AccountsView accounts = deciding.views.accounts();
    const std::optional<DomainRow> domain = accounts.findDomain(command.name);
    if (!domain) return refuse(RefusalReason::NoSuchDomain, command.name);
    for (const AddressRow& address : accounts.addresses()) {
        if (address.domain == domain->id) {
            return refuse(
                RefusalReason::DomainInUse, address.address + " is in it: remove it first");
        }
    }
    const KeyChanges changes{.events = events, .origin = command.origin, .domain = domain->id};
    changes.retireAll(accounts.dkimKeysOf(domain->id));
    addDomainChanged(events, command.origin, domain->id, domain->name, false);
    return Done{};
}

Outcome<Done> decide(const RotateDkimKeys& command, const Deciding& deciding, Events& events) {
    const AccountsView accounts = deciding.views.accounts();
    const std::optional<DomainRow> domain = accounts.findDomain(command.domain);
    if (!domain) return refuse(RefusalReason::NoSuchDomain, command.domain);
    if (command.keys.empty()) return refuse(RefusalReason::InvalidArgument, "no keys");
    const std::vector<DkimKeyRow> before = accounts.dkimKeysOf(domain->id);
    const KeyChanges changes{.events = events, .origin = command.origin, .domain = domain->id};
    if (command.use == DkimUse::Now) {
        changes.begin(command.keys, before, KeyState::ACTIVE);
        changes.retireAll(before);
        return Done{};
    }
    if (isAny(before, KeyState::PUBLISHED)) {
        return refuse(
            RefusalReason::InvalidArgument,
            "new keys of this domain wait already: activate them, or retire them first");
    }
    changes.begin(command.keys, before, KeyState::PUBLISHED);
    return Done{};
}

Outcome<Done> decide(const ActivateDkimKeys& command, const Deciding& deciding, Events& events) {
    const AccountsView accounts = deciding.views.accounts();
    const std::optional<DomainRow> domain = accounts.findDomain(command.domain);
    if (!domain) return refuse(RefusalReason::NoSuchDomain, command.domain);
    const std::vector<DkimKeyRow> rows = accounts.dkimKeysOf(domain->id);
    if (!isAny(rows, KeyState::PUBLISHED)) {
        return refuse(
            RefusalReason::InvalidArgument, "no new key of this domain waits: rotate makes some");
    }
    const KeyChanges changes{.events = events, .origin = command.origin, .domain = domain->id};
    changes.changeAll(rows, KeyState::ACTIVE, KeyState::RETIRED);
    changes.changeAll(rows, KeyState::PUBLISHED, KeyState::ACTIVE);
    return Done{};
}

Outcome<Done> decide(const RetireDkimKey& command, const Deciding& deciding, Events& events) {
    const AccountsView accounts = deciding.views.accounts();
    const std::optional<DomainRow> domain = accounts.findDomain(command.domain);
    if (!domain) return refuse(RefusalReason::NoSuchDomain, command.domain);
    for (const DkimKeyRow& row : accounts.dkimKeysOf(domain->id)) {
        if (row.selector != command.selector || row.state == KeyState::RETIRED) continue;
        const KeyChanges changes{.events = events, .origin = command.origin, .domain = domain->id};
        changes.change(row, KeyState::RETIRED);
        return Done{};
    }
    return refuse(
        RefusalReason::NoSuchCredential,
        "no key of this domain in use has the selector " + command.selector);
}

}  // namespace daybook
