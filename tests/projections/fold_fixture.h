// fold_fixture.h
//
// An empty views environment, a history in memory, and the fold of the one into the other. One
// thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/encoding.h"
#include "projections/projector.h"
#include "projections/views.h"
#include "tests/support/events.h"
#include "tests/support/temporary_folder.h"

namespace daybook::test {

inline const ViewsOptions kTestViews{
    .mapOctets = std::size_t{1} << 30U,
    .sync = lmdb::Sync::None,
    .readOnly = false,
};

// Views that tests fold into without a journal.
class FoldedViews {
public:
    FoldedViews() : environment_(folder_.path() / "views", kTestViews) {}

    // Applies what `history` has beyond what is applied, `batch` events a transaction.
    void fold(const EventHistory& history, std::uint64_t batch = 10'000) {
        while (applied_ < history.last()) {
            lmdb::WriteTransaction txn(environment_.environment());
            const std::uint64_t end = std::min(applied_.number() + batch, history.last().number());
            for (std::uint64_t seq = applied_.number() + 1; seq <= end; ++seq) {
                history.withRecord(Seq(seq), [&](const Record& record) {
                    applyToAll(record, txn, environment_.tables());
                });
            }
            txn.commit();
            applied_ = Seq(end);
        }
    }

    // Calls `look(reader)` with a snapshot.
    template <class Look>
    auto read(const Look& look) {
        const lmdb::ReadTransaction txn(environment_.environment());
        return look(ViewsReader(txn, environment_.tables()));
    }

    std::vector<ViewDigest> digests() {
        const lmdb::ReadTransaction txn(environment_.environment());
        return digestsOf(txn, environment_.tables());
    }

    // Every key of a table, in hexadecimal.
    std::vector<std::string> keys(lmdb::Table ViewTables::* member) {
        const lmdb::ReadTransaction txn(environment_.environment());
        lmdb::Cursor cursor(txn, environment_.tables().*member);
        std::vector<std::string> found;
        for (bool there = cursor.first(); there; there = cursor.next()) {
            found.push_back(toHex(asBytes(cursor.key())));
        }
        return found;
    }

    ViewsEnvironment& environment() { return environment_; }

private:
    TemporaryFolder folder_;
    ViewsEnvironment environment_;
    Seq applied_;
};

}  // namespace daybook::test
