#include <algorithm>

#include "engine/mime/decoding.h"
#include "engine/mime/searchable_text.h"
#include "protocols/imap/search_program.h"

namespace daybook::imap {

namespace {

// What lies behind it in one message is not looked at.
constexpr std::size_t kSearchedOctetsMax = 64U << 20U;

// The day in the zone that the time was written in.
std::int64_t dayOf(TimeNs timeNs, std::int16_t zoneMinutes) {
    constexpr std::int64_t kDay = 86'400;
    const std::int64_t seconds = timeNs / kSecondNs + std::int64_t{zoneMinutes} * 60;
    return seconds >= 0 ? seconds / kDay : -((-seconds + kDay - 1) / kDay);
}

// Nothing: the message has to be looked at.
std::optional<bool> fromIndex(const SearchKey& key, const MessageRow& row) {
    if (!key.finds) return std::nullopt;
    const auto isIn = [&row](const std::vector<Seq>& list) {
        return std::binary_search(list.begin(), list.end(), row.storedSeq);
    };
    if (isIn(key.finds->stored)) return true;
    if (row.storedSeq > key.finds->covers || isIn(key.finds->scanToo)) return std::nullopt;
    return false;
}

bool holds(std::string_view text, std::string_view wanted) {
    return text.find(wanted) != std::string_view::npos;
}

}  // namespace

std::vector<SearchKey*> keysForIndex(SearchKey& program) {
    std::vector<SearchKey*> keys;
    const bool fits = program.kind == SearchKind::Body || program.kind == SearchKind::Text ||
                      program.kind == SearchKind::Header;
    if (fits && !program.text.empty()) keys.push_back(&program);
    for (SearchKey& child : program.children) {
        const std::vector<SearchKey*> more = keysForIndex(child);
        keys.insert(keys.end(), more.begin(), more.end());
    }
    return keys;
}

SearchNeedle needleOf(const SearchKey& key) {
    SearchNeedle needle{.field = key.field, .text = key.text};
    if (key.kind == SearchKind::Body) needle.scope = SearchScope::Body;
    if (key.kind == SearchKind::Header) needle.scope = SearchScope::Header;
    return needle;
}

bool SearchMatcher::matches(
    const SearchKey& program, const Snapshot& views, const MessageRow& row) {
    views_ = &views;
    octets_.reset();
    header_.reset();
    whole_.reset();
    bodyText_.reset();
    octetsRead_ = 0;
    bodyWasAsked_ = false;
    const bool found = ask(program, row);
    octets_.reset();
    views_ = nullptr;
    return found;
}

bool SearchMatcher::ask(const SearchKey& key, const MessageRow& row) {
    const auto askThis = [this, &row](const SearchKey& child) { return ask(child, row); };
    switch (key.kind) {
        case SearchKind::All: return true;
        case SearchKind::None: return false;
        case SearchKind::Uids: return contains(key.uids, row.uid.number());
        case SearchKind::Flag: return (row.systemFlags & key.flag) != 0;
        case SearchKind::NoFlag: return (row.systemFlags & key.flag) == 0;
        case SearchKind::Recent: return mailbox_.isRecent(row.uid);
        case SearchKind::Keyword:
            return std::binary_search(row.keywords.begin(), row.keywords.end(), key.keyword);
        case SearchKind::Larger: return row.octets > key.number;
        case SearchKind::Smaller: return row.octets < key.number;
        case SearchKind::ModSeq: return row.modSeq.number() >= key.number;
        case SearchKind::Before:
        case SearchKind::On:
        case SearchKind::Since:
        case SearchKind::SentBefore:
        case SearchKind::SentOn:
        case SearchKind::SentSince: return askDate(key, row);
        case SearchKind::Subject:
        case SearchKind::Header:
        case SearchKind::Body:
        case SearchKind::Text: return askContent(key, row);
        case SearchKind::Not: return !ask(key.children.front(), row);
        case SearchKind::Or: return std::any_of(key.children.begin(), key.children.end(), askThis);
        case SearchKind::And: return std::all_of(key.children.begin(), key.children.end(), askThis);
    }
    return false;
}

// RFC 3501 §6.4.4: "disregarding time and timezone". A message without a Date was never sent.
bool SearchMatcher::askDate(const SearchKey& key, const MessageRow& row) {
    const std::int64_t arrived = dayOf(row.internalDateNs, row.zoneMinutes);
    if (key.kind == SearchKind::Before) return arrived < key.day;
    if (key.kind == SearchKind::On) return arrived == key.day;
    if (key.kind == SearchKind::Since) return arrived >= key.day;
    const auto summary = octets(row).summary();
    if (!summary || summary->getSentNs() == 0) return false;
    const std::int64_t sent = dayOf(summary->getSentNs(), summary->getSentZoneMinutes());
    if (key.kind == SearchKind::SentBefore) return sent < key.day;
    return key.kind == SearchKind::SentOn ? sent == key.day : sent >= key.day;
}

bool SearchMatcher::askContent(const SearchKey& key, const MessageRow& row) {
    if (key.kind == SearchKind::Body || key.kind == SearchKind::Text) bodyWasAsked_ = true;
    if (const std::optional<bool> answer = fromIndex(key, row)) return *answer;
    if (key.kind == SearchKind::Header) return askHeader(key, row);
    if (key.kind == SearchKind::Body) return holds(bodyText(row), key.text);
    if (key.kind == SearchKind::Text) {
        return headerHolds(row, key.text) || holds(bodyText(row), key.text);
    }
    const auto summary = octets(row).summary();
    if (!summary) return false;
    const auto subject = summary->getSubject();
    return holds(mime::foldCase({subject.cStr(), subject.size()}), key.text);
}

// "Messages that have a header with the specified field-name and that contains the string in the
// text of the header"; an empty string asks for the field alone.
bool SearchMatcher::askHeader(const SearchKey& key, const MessageRow& row) {
    const std::string text = mime::searchableHeader(header(row), kSearchedOctetsMax).text;
    return mime::headerHolds(text, key.field, key.text);
}

const MessageOctets& SearchMatcher::octets(const MessageRow& row) {
    if (!octets_) octets_.emplace(*views_, content_, row);
    return *octets_;
}

const std::string& SearchMatcher::header(const MessageRow& row) {
    if (!header_) header_ = octets(row).header().value_or("");
    return *header_;
}

std::string_view SearchMatcher::whole(const MessageRow& row) {
    if (!whole_) {
        whole_ = octets(row).whole().value_or("");
        octetsRead_ = whole_->size();
    }
    return *whole_;
}

bool SearchMatcher::headerHolds(const MessageRow& row, std::string_view wanted) {
    const auto extent = octets(row).extentOf({.text = mime::SectionText::Header});
    const std::string_view text = whole(row).substr(0, extent ? extent->end : std::string::npos);
    return holds(mime::searchableHeader(text, kSearchedOctetsMax).text, wanted);
}

const std::string& SearchMatcher::bodyText(const MessageRow& row) {
    if (bodyText_) return *bodyText_;
    bodyText_.emplace();
    const auto summary = octets(row).summary();
    const std::uint64_t prefix = octets(row).prefixOctets();
    const std::string_view message = whole(row);
    if (!summary || message.size() <= prefix) return *bodyText_;
    bodyText_ = mime::searchableText(message.substr(prefix), *summary, kSearchedOctetsMax);
    return *bodyText_;
}

}  // namespace daybook::imap
