// parts.h
//
// Finds the octets that a FETCH section names, from a summary's offsets: BODY[], BODY[1.2],
// BODY[1.2.MIME], BODY[HEADER.FIELDS (...)], BODY[3.TEXT] (RFC 9051 §6.4.5.1). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/schema/summary.capnp.h"

namespace daybook::mime {

enum class SectionText { Whole, Header, HeaderFields, HeaderFieldsNot, Text, Mime };

struct Section {
    std::vector<std::uint32_t> path;  // part numbers; empty: the message
    SectionText text = SectionText::Whole;
    std::vector<std::string> fields;  // of HeaderFields and HeaderFieldsNot
};

// Where it lies in the blob; the message itself is [0, end). Nothing: there is no such part.
struct Extent {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// Index among the summary's parts. Requires: `path` is not empty. Nothing: there is no such part.
std::optional<unsigned> partAt(
    const summary::Summary::Reader& summary, const std::vector<std::uint32_t>& path);

// For HeaderFields and HeaderFieldsNot: the extent of the header to be filtered.
std::optional<Extent> extentOf(const summary::Summary::Reader& summary, const Section& section);

// The fields of that name (or of any other), in order, and the empty line that ends a header.
std::string filterHeader(
    std::string_view header, const std::vector<std::string>& fields, bool others);

// The Content-Transfer-Encoding and charset of the leaf parts, for SEARCH BODY: decoded text of all
// text/* parts (and header fields of embedded messages), folded by foldCase(), up to `octetsMax`.
std::string searchableText(
    std::string_view message, const summary::Summary::Reader& summary, std::size_t octetsMax);

}  // namespace daybook::mime
