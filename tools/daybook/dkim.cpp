// dkim, dns, domain: the domains, the keys that they sign with, and what belongs into the DNS.

#include <fmt/format.h>

#include "engine/authentication/dkim_key.h"
#include "engine/directory/address.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/dns_records.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

std::string_view nameOf(event::DkimState state) {
    switch (state) {
        case event::DkimState::PUBLISHED: return "published";
        case event::DkimState::ACTIVE: return "active";
        case event::DkimState::RETIRED: return "retired";
    }
    return "unknown";
}

// Throws CommandFailed.
DomainRow domainNamed(const AccountsView& accounts, const std::string& name) {
    const std::optional<DomainRow> domain = accounts.findDomain(normalizeDomain(name).value_or(""));
    if (domain) return *domain;
    throw CommandFailed(
        fmt::format("{} is no domain of this server; `daybook domain list` shows them", name));
}

std::vector<DnsRecord> dkimRecordsNow(
    Context& context, const std::string& name, event::DkimState state) {
    const Snapshot snapshot = context.views().snapshot();
    const DomainRow domain = domainNamed(snapshot.accounts(), name);
    std::vector<DkimKeyRow> keys = snapshot.accounts().dkimKeysOf(domain.id);
    std::erase_if(keys, [state](const DkimKeyRow& key) { return key.state != state; });
    return dkimRecordsOf(domain.name, keys);
}

void sayKeyRecords(Context& context, const std::string& name, event::DkimState state) {
    const std::vector<DnsRecord> records = dkimRecordsNow(context, name, state);
    if (context.json()) {
        sayRecordsAsJson(records);
    } else {
        sayZoneFile(records);
    }
}

// For people: programs read the records alone.
void explain(Context& context, std::string_view line) {
    if (!context.json()) say(line);
}

int refused(const Refusal& refusal) {
    sayNote(sayRefusal(refusal));
    return kRefused;
}

constexpr std::string_view kKeepRetired =
    "keep the records of retired keys in the DNS for a week: mail that is under way needs them";

}  // namespace

int domainAdd(Context& context, const std::string& name) {
    const Outcome<Done> added = context.administration().addDomain(name);
    if (!added) return refused(added.error());
    explain(context, fmt::format("{} is a domain of this server; now add accounts in it,", name));
    explain(context, "and put into the DNS (all of it: daybook dns records):");
    sayKeyRecords(context, name, event::DkimState::ACTIVE);
    return kDone;
}

int domainList(Context& context) {
    TextTable table({"domain", "id"});
    const Snapshot snapshot = context.views().snapshot();
    for (const DomainRow& domain : snapshot.accounts().domains()) {
        table.add({printable(domain.name), idText(domain.id.number())});
    }
    table.print(context.json());
    return kDone;
}

int domainRemove(Context& context, const std::string& name) {
    const Outcome<Done> removed = context.administration().removeDomain(name);
    if (!removed) return refused(removed.error());
    say(fmt::format("{} is no domain of this server any more; its keys are deleted", name));
    return kDone;
}

int dkimList(Context& context, const std::string& name) {
    TextTable table({"domain", "selector", "algorithm", "state", "since"});
    const Snapshot snapshot = context.views().snapshot();
    const AccountsView accounts = snapshot.accounts();
    const std::vector<DomainRow> domains =
        name.empty() ? accounts.domains() : std::vector{domainNamed(accounts, name)};
    for (const DomainRow& domain : domains) {
        for (const DkimKeyRow& key : accounts.dkimKeysOf(domain.id)) {
            table.add({
                printable(domain.name),
                printable(key.selector),
                std::string(nameOf(key.algorithm)),
                std::string(nameOf(key.state)),
                timeText(key.changedNs),
            });
        }
    }
    table.print(context.json());
    return kDone;
}

int dkimRotate(Context& context, const std::string& name, DkimUse use) {
    const Outcome<Done> rotated = context.administration().rotateDkimKeys(name, use);
    if (!rotated) return refused(rotated.error());
    if (use == DkimUse::Now) {
        explain(context, "new keys sign from now on; put into the DNS at once:");
        sayKeyRecords(context, name, event::DkimState::ACTIVE);
        explain(context, kKeepRetired);
        return kDone;
    }
    explain(context, "new keys are made; they do not sign yet. Put into the DNS:");
    sayKeyRecords(context, name, event::DkimState::PUBLISHED);
    explain(
        context,
        fmt::format(
            "and when others see the records (an hour, a day): daybook dkim activate {}", name));
    return kDone;
}

int dkimActivate(Context& context, const std::string& name) {
    const Outcome<Done> activated = context.administration().activateDkimKeys(name);
    if (!activated) return refused(activated.error());
    say(fmt::format("the new keys of {} sign from now on; the old ones are retired", name));
    say(kKeepRetired);
    return kDone;
}

int dkimRetire(Context& context, const std::string& name, const std::string& selector) {
    const Outcome<Done> retired = context.administration().retireDkimKey(name, selector);
    if (!retired) return refused(retired.error());
    say(fmt::format("{} signs no more, and its private key is deleted", selector));
    say(kKeepRetired);
    if (dkimRecordsNow(context, name, event::DkimState::ACTIVE).empty()) {
        sayNote(fmt::format(
            "mail of {} goes out unsigned now: daybook dkim rotate --now {}", name, name));
    }
    return kDone;
}

int dnsRecords(Context& context, const std::string& name) {
    const std::string hostname = context.config().hostname;
    const Snapshot snapshot = context.views().snapshot();
    const DomainRow domain = domainNamed(snapshot.accounts(), name);
    const std::vector<DkimKeyRow> keys = snapshot.accounts().dkimKeysOf(domain.id);
    const std::vector<DnsRecord> records = dnsRecordsOf(domain.name, hostname, keys);
    if (context.json()) {
        sayRecordsAsJson(records);
        return kDone;
    }
    sayZoneFile(records);
    if (dkimRecordsOf(domain.name, keys).empty()) {
        sayNote(fmt::format(
            "{} has no key to sign with: daybook dkim rotate --now {}", domain.name, domain.name));
    }
    return kDone;
}

}  // namespace daybook
