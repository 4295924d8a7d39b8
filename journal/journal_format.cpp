#include "journal/journal_format.h"

#include <cstring>

#include "journal/base/encoding.h"

namespace daybook::format {

namespace {

constexpr std::size_t kHeadOctets = 48;
constexpr std::size_t kCommitOctets = 56;
constexpr std::size_t kEndOctets = 24;

template <class Number>
void put(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class Value>
Value get(std::string_view octets, std::size_t offset) {
    Value value{};
    std::memcpy(&value, octets.data() + offset, sizeof value);
    return value;
}

template <class Number>
std::optional<Number> numberOf(std::string_view octets) {
    if (octets.size() != sizeof(Number)) return std::nullopt;
    return get<Number>(octets, 0);
}

}  // namespace

std::string encodeNumber32(std::uint32_t number) {
    std::string octets;
    put(octets, number);
    return octets;
}

std::string encodeNumber64(std::uint64_t number) {
    std::string octets;
    put(octets, number);
    return octets;
}

std::optional<std::uint32_t> decodeNumber32(std::string_view octets) {
    return numberOf<std::uint32_t>(octets);
}

std::optional<std::uint64_t> decodeNumber64(std::string_view octets) {
    return numberOf<std::uint64_t>(octets);
}

std::string encodeHead(const JournalHead& head) {
    std::string octets;
    put(octets, head.size);
    put(octets, head.timeNs);
    octets += asText(head.root);
    return octets;
}

std::optional<JournalHead> decodeHead(std::string_view octets) {
    if (octets.size() != kHeadOctets) return std::nullopt;
    return JournalHead{
        .size = get<std::uint64_t>(octets, 0),
        .root = get<Hash256>(octets, 16),
        .timeNs = get<TimeNs>(octets, 8),
    };
}

std::string encodeCommit(const Commit& commit) {
    std::string octets;
    put(octets, commit.first);
    put(octets, commit.epoch);
    put(octets, commit.timeNs);
    octets += asText(commit.root);
    return octets;
}

std::optional<Commit> decodeCommit(std::string_view octets) {
    if (octets.size() != kCommitOctets) return std::nullopt;
    return Commit{
        .first = get<std::uint64_t>(octets, 0),
        .epoch = get<std::uint64_t>(octets, 8),
        .timeNs = get<TimeNs>(octets, 16),
        .root = get<Hash256>(octets, 24),
    };
}

std::string encodeEnds(const std::vector<SegmentEnd>& ends) {
    std::string octets;
    for (const SegmentEnd& end : ends) {
        put(octets, end.segment);
        put(octets, std::uint32_t{0});
        put(octets, end.end);
        put(octets, end.seq);
    }
    return octets;
}

std::optional<std::vector<SegmentEnd>> decodeEnds(std::string_view octets) {
    if (octets.size() % kEndOctets != 0) return std::nullopt;
    std::vector<SegmentEnd> ends;
    for (std::size_t at = 0; at < octets.size(); at += kEndOctets) {
        ends.push_back({
            .segment = get<std::uint32_t>(octets, at),
            .end = get<std::uint64_t>(octets, at + 8),
            .seq = get<std::uint64_t>(octets, at + 16),
        });
    }
    return ends;
}

std::string_view schemaDigest() { return DAYBOOK_SCHEMA_DIGEST; }

std::string_view programVersion() { return DAYBOOK_VERSION; }

}  // namespace daybook::format
