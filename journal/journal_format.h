// journal_format.h
//
// The LMDB environment `journal/`. Numbers are little-endian; integer keys are native u64.
//
//   events    seq -> core                     ; canonical Cap'n Proto, unframed: what is hashed
//   commits   last-seq -> first:u64 epoch:u64 time:i64 root:32
//   meta      "format"   -> u32               ; kJournalFormat; a greater one is refused
//             "journal"  -> u64               ; the journal's id, random
//             "modseq"   -> u64               ; the base of DESIGN 3.5
//             "head"     -> size:u64 time:i64 root:32
//             "edge"     -> *hash             ; RFC 6962 §2.1: roots of the perfect subtrees of
//                                             ; that size, from the largest to the smallest
//             "ends"     -> *( segment:u32 0:u32 end:u64 seq:u64 )   ; SegmentEnd
//             "schema"   -> 3*( 64 HEXDIG )   ; digests of the schemas the last writer knew
//             "version"  -> text              ; of the last writer, for people
//
// "head", "edge" and "ends" are put in the transaction of the events that they speak of. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/content_log.h"
#include "journal/journal.h"

namespace daybook::format {

inline constexpr const char* kEvents = "events";
inline constexpr const char* kCommits = "commits";
inline constexpr const char* kMeta = "meta";

inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kJournalKey = "journal";
inline constexpr std::string_view kModSeqKey = "modseq";
inline constexpr std::string_view kHeadKey = "head";
inline constexpr std::string_view kEdgeKey = "edge";
inline constexpr std::string_view kEndsKey = "ends";
inline constexpr std::string_view kSchemaKey = "schema";
inline constexpr std::string_view kVersionKey = "version";

struct Commit {
    std::uint64_t first = 0;
    std::uint64_t epoch = 0;
    TimeNs timeNs = 0;
    Hash256 root{};
};

// Each decoder returns nothing if the octets have not the length that the grammar says.
std::string encodeNumber32(std::uint32_t number);
std::string encodeNumber64(std::uint64_t number);
std::optional<std::uint32_t> decodeNumber32(std::string_view octets);
std::optional<std::uint64_t> decodeNumber64(std::string_view octets);

std::string encodeHead(const JournalHead& head);
std::optional<JournalHead> decodeHead(std::string_view octets);

std::string encodeCommit(const Commit& commit);
std::optional<Commit> decodeCommit(std::string_view octets);

std::string encodeEnds(const std::vector<SegmentEnd>& ends);
std::optional<std::vector<SegmentEnd>> decodeEnds(std::string_view octets);

// What this program writes under "schema" and "version".
std::string_view schemaDigest();
std::string_view programVersion();

}  // namespace daybook::format
