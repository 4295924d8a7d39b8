#include "projections/view_tables.h"

#include <algorithm>
#include <array>

#include "journal/base/assert.h"

namespace daybook {

namespace {

constexpr std::array kViewTables = {
    ViewTableSpec{"meta", &ViewTables::meta},
    ViewTableSpec{"domains", &ViewTables::domains},
    ViewTableSpec{"domainNames", &ViewTables::domainNames},
    ViewTableSpec{"accounts", &ViewTables::accounts},
    ViewTableSpec{"logins", &ViewTables::logins},
    ViewTableSpec{"addresses", &ViewTables::addresses},
    ViewTableSpec{"addressNames", &ViewTables::addressNames},
    ViewTableSpec{"credentials", &ViewTables::credentials},
    ViewTableSpec{"delegations", &ViewTables::delegations},
    ViewTableSpec{"keywords", &ViewTables::keywords},
    ViewTableSpec{"keywordNames", &ViewTables::keywordNames},
    ViewTableSpec{"dkimKeys", &ViewTables::dkimKeys},
    ViewTableSpec{"mailboxes", &ViewTables::mailboxes},
    ViewTableSpec{"mailboxNames", &ViewTables::mailboxNames},
    ViewTableSpec{"lastUidValidities", &ViewTables::lastUidValidities},
    ViewTableSpec{"subscriptions", &ViewTables::subscriptions},
    ViewTableSpec{"messages", &ViewTables::messages},
    ViewTableSpec{"mailboxTotals", &ViewTables::mailboxTotals},
    ViewTableSpec{"changes", &ViewTables::changes},
    ViewTableSpec{"tombstones", &ViewTables::tombstones},
    ViewTableSpec{"summaries", &ViewTables::summaries, true},
    ViewTableSpec{"historyByMessage", &ViewTables::historyByMessage},
    ViewTableSpec{"historyByAccount", &ViewTables::historyByAccount},
    ViewTableSpec{"historyByMailbox", &ViewTables::historyByMailbox},
    ViewTableSpec{"historyBySession", &ViewTables::historyBySession},
    ViewTableSpec{"outbound", &ViewTables::outbound},
    ViewTableSpec{"deliveries", &ViewTables::deliveries},
    ViewTableSpec{"deliveriesDue", &ViewTables::deliveriesDue},
    ViewTableSpec{"deliveryReports", &ViewTables::deliveryReports},
    ViewTableSpec{"deliveriesByAddress", &ViewTables::deliveriesByAddress},
    ViewTableSpec{"sentByMessageId", &ViewTables::sentByMessageId},
    ViewTableSpec{"deliveryCounts", &ViewTables::deliveryCounts},
    ViewTableSpec{"destinations", &ViewTables::destinations},
    ViewTableSpec{"destinationNames", &ViewTables::destinationNames},
    ViewTableSpec{"suppressions", &ViewTables::suppressions},
    ViewTableSpec{"suppressionNames", &ViewTables::suppressionNames},
    ViewTableSpec{"tlsCounts", &ViewTables::tlsCounts},
    ViewTableSpec{"tlsFaults", &ViewTables::tlsFaults},
    ViewTableSpec{"acl", &ViewTables::acl},
    ViewTableSpec{"aclGrants", &ViewTables::aclGrants},
    ViewTableSpec{"quotas", &ViewTables::quotas},
    ViewTableSpec{"quotaNotices", &ViewTables::quotaNotices},
    ViewTableSpec{"metadata", &ViewTables::metadata},
    ViewTableSpec{"threads", &ViewTables::threads},
    ViewTableSpec{"openAccess", &ViewTables::openAccess, true},
};

}  // namespace

std::span<const ViewTableSpec> allViewTables() { return kViewTables; }

const ViewTableSpec& specOf(lmdb::Table ViewTables::* member) {
    const auto* const found = std::ranges::find(kViewTables, member, &ViewTableSpec::member);
    DAYBOOK_ASSERT(found != kViewTables.end());
    return *found;
}

}  // namespace daybook
