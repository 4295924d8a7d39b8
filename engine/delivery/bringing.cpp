#include "engine/delivery/bringing.h"

#include <algorithm>

#include "journal/base/encoding.h"
#include "journal/journal_reader.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"

namespace daybook {

namespace {

// They and their summaries wait in memory for one decision.
constexpr std::size_t kMessagesMax = 10'000;
constexpr std::size_t kSummaryOctetsMax = 64U << 20U;

// Nothing: erased.
std::optional<BroughtMessage> broughtFrom(
    JournalReader& journal, const Snapshot& views, const MessageRow& row, Random& random) {
    const auto octets = views.summaries().summary(row.storedSeq);
    BroughtMessage brought{
        .uid = row.uid,
        .storedSeq = row.storedSeq,
        .blob = {.octets = row.blobOctets},
        .prefix = std::string(views.summaries().prefix(row.storedSeq)),
        .newEmailId = random.id<EmailId>(),
    };
    if (octets) {
        brought.blob.summary = asText(*octets);
        FlatMessage flat(*octets);
        const auto root = flat.root<summary::Summary>();
        for (const std::uint64_t key : root.getThreadKeys())
            brought.blob.threadKeys.push_back(key);
        brought.blob.subjectKey = root.getSubjectKey();
    }
    bool whole = brought.prefix.size() == row.prefixOctets;
    journal.at(row.storedSeq, [&](const Record& record) {
        const event::BlobRef::Reader blob = record.core().getStored().getBlob();
        const auto commitment = blob.getCommitment();
        ContentRef& content = brought.blob.content;
        content.place = {.segment = blob.getSegment(), .offset = blob.getOffset()};
        content.octets = blob.getOctets() + blob.getSummaryOctets();
        whole = whole && brought.blob.summary.size() == blob.getSummaryOctets() &&
                commitment.size() == content.commitment.size();
        if (whole) {
            std::ranges::copy_n(
                reinterpret_cast<const std::byte*>(commitment.begin()),
                static_cast<std::ptrdiff_t>(commitment.size()),
                content.commitment.begin());
        }
    });
    if (!whole) return std::nullopt;
    return brought;
}

}  // namespace

Outcome<std::vector<BroughtMessage>> bring(
    const Journal& journal,
    const Snapshot& views,
    MailboxId from,
    const UidRanges& uids,
    Random& random) {
    std::vector<BroughtMessage> brought;
    JournalReader reader(journal);
    std::size_t summaries = 0;
    RefusalReason trouble = RefusalReason::Overloaded;
    bool fits = true;
    for (const auto& [first, last] : uids) {
        views.messages().forEach(from, first, last, [&](const MessageRow& row) {
            std::optional<BroughtMessage> one = broughtFrom(reader, views, row, random);
            if (!one) trouble = RefusalReason::NoSuchMessage;
            summaries += one ? one->blob.summary.size() : 0;
            fits = one && brought.size() < kMessagesMax && summaries <= kSummaryOctetsMax;
            if (fits) brought.push_back(*std::move(one));
            return fits;
        });
        if (!fits) return refuse(trouble);
    }
    return brought;
}

}  // namespace daybook
