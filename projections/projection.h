// projection.h
//
// A projection is a pure fold: apply(event, its own tables). No clock, no dice, no network, no
// settings; it reads nothing but the record and the tables it owns, so that a replay gives the same
// keys and values bit for bit. A detail that was erased (annex, summary) is copied when present and
// left empty when not: it never decides which rows exist or what they count (DESIGN 3.6).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "journal/lmdb.h"
#include "journal/record.h"
#include "projections/view_tables.h"

namespace daybook {

struct Projection {
    std::string_view name;
    // Raise it to rebuild from seq 1.
    std::uint32_t version;
    void (*apply)(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables);
    // The tables that it owns, in the order of the digest.
    std::span<lmdb::Table ViewTables::* const> tables;
};

// The explicit list, in the order in which they are applied.
std::span<const Projection> allProjections();

}  // namespace daybook
