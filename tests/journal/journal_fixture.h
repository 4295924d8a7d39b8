// journal_fixture.h
//
// A small journal in a temporary folder, and drafts to put into it.
#pragma once

#include <array>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "journal/journal_writer.h"
#include "tests/support/temporary_folder.h"

namespace daybook::test {

inline constexpr JournalOptions kSmall{
    .mapOctets = 64U << 20U, .segmentOctets = 1U << 20U, .readOnly = false};
inline constexpr JournalOptions kSmallReadOnly{
    .mapOctets = 64U << 20U, .segmentOctets = 1U << 20U, .readOnly = true};

struct JournalFixture {
    TemporaryFolder folder;
    SystemRandom random;

    JournalFixture() { Journal::create(folder.path(), random); }
};

// A MailboxCreated whose one annex holds the name.
inline Draft named(const std::string& name) {
    Draft draft(Kind::MailboxCreated);
    draft.core().setAccount(7);
    draft.core().initMailboxCreated().setUidValidity(1);
    draft.addAnnex(AccountId(7)).initName().setText(name.c_str());
    return draft;
}

inline void fill(event::BlobRef::Builder to, const ContentRef& blob, std::size_t summaryOctets) {
    to.setSegment(blob.place.segment);
    to.setOffset(blob.place.offset);
    to.setOctets(blob.octets - summaryOctets);
    to.setSummaryOctets(static_cast<std::uint32_t>(summaryOctets));
    to.setCommitment(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(blob.commitment.data()), blob.commitment.size()));
}

// A Stored that names a blob with a summary behind it.
inline Draft stored(Journal& journal, std::string_view message, std::string_view summary) {
    const std::array pieces{message, summary};
    const ContentRef blob = journal.content().append(ContentKind::Blob, pieces);
    Draft draft(Kind::Stored);
    draft.core().setAccount(7);
    fill(draft.core().initStored().initBlob(), blob, summary.size());
    draft.addAnnex(AccountId(7)).initStored().setPrefix("Return-Path: <>\r\n");
    return draft;
}

inline void appendNamed(JournalWriter& writer, const std::string& name, TimeNs now = 1) {
    Draft draft = named(name);
    writer.begin(1);
    writer.append(draft, now);
    writer.commit();
}

inline std::vector<std::string> namesIn(const Journal& journal) {
    std::vector<std::string> names;
    JournalReader reader(journal);
    reader.forEach(Seq(1), Seq(UINT64_MAX - 1), [&](const Record& record) {
        names.push_back(record.name());
        return true;
    });
    return names;
}

// Runs `body` in a child and returns its wait status. Nothing of LMDB may be open here.
inline int inChild(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            body();
        } catch (const std::exception& exception) {
            fmt::print(stderr, "the child: {}\n", exception.what());
        }
        ::_exit(99);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

}  // namespace daybook::test
