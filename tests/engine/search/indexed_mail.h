// indexed_mail.h
//
// A scribe's data directory with a search index and its keeper, and the same questions answered by
// looking at every text: what the index must agree with. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/mime/header_fields.h"
#include "engine/mime/searchable_text.h"
#include "engine/mime/summarize.h"
#include "engine/search/index_keeper.h"
#include "engine/search/search_catalogue.h"
#include "tests/engine/mime/summary_of.h"
#include "tests/support/scribe_fixture.h"

namespace daybook::test {

class IndexedMail {
public:
    explicit IndexedMail(std::size_t textOctetsMax = 1U << 20U) {
        settings_ = {.textOctetsMax = textOctetsMax, .gather = {}, .reserveOctets = 0};
        openIndex();
    }

    ~IndexedMail() { closeIndex(); }

    ScribeFixture& scribe() { return scribe_; }

    SearchIndex& index() { return *index_; }

    IndexKeeper& keeper() { return *keeper_; }

    std::filesystem::path folder() const { return searchFolder(scribe_.folder()); }

    void openIndex() {
        index_ = std::make_unique<SearchIndex>(scribe_.folder(), scribe_.journal(), log_);
        keeper_ = std::make_unique<IndexKeeper>(
            IndexKeeper::Parts{
                .index = *index_,
                .journal = scribe_.journal(),
                .hub = scribe_.hub(),
                .log = log_,
            },
            settings_);
        keeper_->start();
    }

    void closeIndex() {
        keeper_.reset();
        index_.reset();
    }

    // Puts a message into alice's INBOX. Returns the seq of its Stored.
    Seq append(std::string_view message) {
        Append command = scribe_.appending(scribe_.mailbox("INBOX"));
        command.messages[0].blob = blob(message);
        scribe_.does(std::move(command));
        return remember(scribe_.alice(), "", message);
    }

    // Into the account's INBOX, with a prefix.
    Seq deliver(AccountId account, std::string_view message) {
        Deliver command = scribe_.delivery();
        command.targets = {scribe_.target(account)};
        command.blob = blob(message);
        const std::string prefix = command.targets.front().prefix;
        scribe_.does(std::move(command));
        return remember(account, prefix, message);
    }

    bool wait() { return keeper_->waitUntilCovered(); }

    // By looking at every text.
    std::vector<Seq> scan(AccountId account, const SearchNeedle& needle) const {
        std::vector<Seq> found;
        for (const auto& [stored, text] : texts_.at(account)) {
            if (holds(text, needle)) found.push_back(stored);
        }
        return found;
    }

    // By the index, and by looking at what it cannot answer for.
    std::vector<Seq> ask(AccountId account, const SearchNeedle& needle) const {
        const std::optional<SearchFinds> finds = index_->find(account, needle);
        std::vector<Seq> found;
        for (const auto& [stored, text] : texts_.at(account)) {
            const auto isIn = [&](const std::vector<Seq>& list) {
                return std::ranges::binary_search(list, stored);
            };
            const bool decided = finds && stored <= finds->covers;
            const bool says = finds && isIn(finds->stored);
            const bool look = !decided || isIn(finds->scanToo);
            if (says || (look && holds(text, needle))) found.push_back(stored);
        }
        return found;
    }

    struct Text {
        std::string header;
        std::string body;
    };

    const std::map<Seq, Text>& texts(AccountId account) const { return texts_.at(account); }

    const Log& log() const { return log_; }

private:
    static bool holds(const Text& text, const SearchNeedle& needle) {
        if (needle.scope == SearchScope::Header) {
            return mime::headerHolds(text.header, needle.field, needle.text);
        }
        const bool inBody = text.body.find(needle.text) != std::string::npos;
        if (needle.scope == SearchScope::Body) return inBody;
        return inBody || text.header.find(needle.text) != std::string::npos;
    }

    StoredBlob blob(std::string_view message) {
        const std::string summary = mime::summarize(message);
        const std::array<std::string_view, 2> pieces{message, summary};
        return {
            .content = scribe_.journal().content().append(ContentKind::Blob, pieces),
            .octets = message.size(),
            .summary = summary,
        };
    }

    // The last Stored of the journal is the message's.
    Seq remember(AccountId account, const std::string& prefix, std::string_view message) {
        constexpr std::size_t kAll = 64U << 20U;
        const std::uint64_t size = scribe_.journal().head().size;
        Seq stored;
        JournalReader(scribe_.journal())
            .forEach(Seq(size > 8 ? size - 8 : 1), Seq(size), [&](const Record& record) {
            if (record.core().isStored()) stored = record.seq();
            return true;
        });
        SummaryOf summary(message);
        const std::size_t end = summary.root().getParts()[0].getBodyOffset();
        texts_[account][stored] = {
            .header =
                mime::searchableHeader(prefix + std::string(message.substr(0, end)), kAll).text,
            .body = mime::searchableBody(message, summary.root(), kAll).text,
        };
        return stored;
    }

    Log log_{LogLevel::Error};
    ScribeFixture scribe_;
    IndexKeeperSettings settings_;
    std::map<AccountId, std::map<Seq, Text>> texts_;
    std::unique_ptr<SearchIndex> index_;
    std::unique_ptr<IndexKeeper> keeper_;
};

inline SearchNeedle needle(std::string_view text, SearchScope scope = SearchScope::Text) {
    return {.scope = scope, .text = std::string(text)};
}

inline SearchNeedle headerNeedle(std::string_view field, std::string_view text) {
    return {.scope = SearchScope::Header, .field = std::string(field), .text = std::string(text)};
}

}  // namespace daybook::test
