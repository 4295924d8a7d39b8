#include <catch2/catch.hpp>

#include "journal/schema/summary.capnp.h"
#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string summaryOctets(const char* subject) {
    capnp::MallocMessageBuilder message;
    auto root = message.initRoot<summary::Summary>();
    root.setVersion(1);
    root.setSubject(subject);
    return canonicalOctets<summary::Summary>(root.asReader());
}

}  // namespace

TEST_CASE("summaries: summary and prefix are kept by the seq that stored them", "[projections]") {
    EventHistory history;
    const std::string octets = summaryOctets("Bread");
    history.append(stored(1, 5, {.uid = 1, .prefix = "Delivered-To: a\r\n", .summary = octets}));
    history.append(stored(1, 5, {.uid = 2, .modSeq = 2}));
    history.append(stored(1, 5, {.uid = 3, .modSeq = 3, .prefix = "X: y\r\n"}));
    history.append(stored(1, 5, {.uid = 4, .modSeq = 4, .summary = octets}));
    FoldedViews views;
    views.fold(history);
    views.read([&](const ViewsReader& reader) {
        const auto kept = reader.summaries().summary(Seq(1));
        REQUIRE(kept);
        FlatMessage message(*kept);
        CHECK(message.root<summary::Summary>().getSubject() == "Bread");
        CHECK(reader.summaries().prefix(Seq(1)) == "Delivered-To: a\r\n");
        CHECK_FALSE(reader.summaries().summary(Seq(2)));
        CHECK(reader.summaries().prefix(Seq(2)).empty());
        CHECK_FALSE(reader.summaries().summary(Seq(3)));
        CHECK(reader.summaries().prefix(Seq(3)) == "X: y\r\n");
        CHECK(asText(*reader.summaries().summary(Seq(4))) == octets);
        CHECK(reader.summaries().prefix(Seq(4)).empty());
        CHECK_FALSE(reader.summaries().summary(Seq(5)));
        for (const std::uint64_t seq : {1U, 4U}) {
            const auto address =
                reinterpret_cast<std::uintptr_t>(reader.summaries().summary(Seq(seq))->data());
            CHECK(address % 8 == 0);
        }
    });
}

TEST_CASE("summaries: an erased one is a row without octets", "[projections]") {
    EventHistory history;
    history.append(stored(1, 5, {.prefix = "X: y\r\n", .summary = summaryOctets("Bread")}));
    history.eraseDetails(Seq(1));
    FoldedViews views;
    views.fold(history);
    CHECK(views.keys(&ViewTables::summaries).size() == 1);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.summaries().summary(Seq(1)));
        CHECK(reader.summaries().prefix(Seq(1)).empty());
        CHECK(reader.messages().message(MailboxId(5), Uid(1))->prefixOctets == 6);
    });
}
