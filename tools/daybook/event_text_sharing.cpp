// Sentences about what is shared, how much there may be, and what is noted about it.

#include <fmt/format.h>

#include "projections/access_rights.h"
#include "projections/quotas.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/output.h"
#include "tools/daybook/rights_text.h"

namespace daybook {

namespace {

std::string where(const Record& record, Names& names) {
    return fmt::format(
        "{} of {}",
        names.mailbox(MailboxId(record.core().getMailbox()), record.seq()),
        names.account(AccountId(record.core().getAccount())));
}

std::string limitText(std::uint64_t limit, bool isSize) {
    if (limit == kNoLimit) return "no limit";
    return isSize ? humanSize(limit) : fmt::format("{}", limit);
}

std::string aclChanged(const Record& record, Names& names) {
    const auto core = record.core().getAclChanged();
    const AccountId grantee(core.getGrantee());
    const std::string rights = rightsText(core.getAfter());
    return fmt::format(
        "{} may {} in {} (set by {})",
        grantee == kAnyone ? "anyone" : names.account(grantee),
        rights.empty() ? "do nothing any more" : "do " + rights,
        where(record, names),
        who(record, names));
}

std::string quotaSet(const Record& record, Names& names) {
    const auto core = record.core().getQuotaSet();
    std::string text;
    if ((core.getOwn() & kOwnStorage) != 0) {
        text += fmt::format(" storage {}", limitText(core.getStorageOctets(), true));
    }
    if ((core.getOwn() & kOwnMessages) != 0) {
        text += fmt::format(" messages {}", limitText(core.getMessages(), false));
    }
    return fmt::format(
        "limits of {} set by {}:{}",
        names.account(AccountId(record.core().getAccount())),
        who(record, names),
        text.empty() ? " as the configuration says" : text);
}

std::string quotaExceeded(const Record& record, Names& names) {
    const auto core = record.core().getQuotaExceeded();
    const bool isSize = core.getResource() == event::QuotaResource::STORAGE;
    return fmt::format(
        "no room in {}: {} of {}{} used",
        where(record, names),
        limitText(core.getUsed(), isSize),
        limitText(core.getLimit(), isSize),
        isSize ? "" : " messages");
}

std::string metadataSet(const Record& record, Names& names) {
    const auto annex = record.annex(0);
    const bool named = annex && annex->isMetadata();
    const bool on = record.core().getMailboxMetadataSet().getOn();
    const std::string place = record.core().getMailbox() != 0 ? where(record, names)
                              : record.core().getAccount() == 0
                                  ? "the server"
                                  : names.account(AccountId(record.core().getAccount()));
    return fmt::format(
        "annotation {} of {} {} by {}",
        named ? shown(annex->getMetadata().getEntry()) : "(not known)",
        place,
        on ? "set" : "removed",
        who(record, names));
}

}  // namespace

std::string ofSharing(const Record& record, Names& names) {
    switch (record.kind()) {
        case Kind::AclChanged: return aclChanged(record, names);
        case Kind::QuotaSet: return quotaSet(record, names);
        case Kind::QuotaExceeded: return quotaExceeded(record, names);
        case Kind::MailboxMetadataSet: return metadataSet(record, names);
        case Kind::SpecialUseChanged: {
            const std::string uses =
                specialUsesText(record.core().getSpecialUseChanged().getSpecialUses());
            return fmt::format(
                "{} is {} (set by {})",
                where(record, names),
                uses.empty() ? "a folder without special use" : "for " + uses,
                who(record, names));
        }
        default: return "";
    }
}

}  // namespace daybook
