#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "engine/search/search_shelf.h"
#include "tests/engine/search/indexed_mail.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string message(std::string_view word) {
    return withCrlf(
        "Subject: about " + std::string(word) + "\n\nThis tells of " + std::string(word) + ".\n");
}

std::vector<Seq> found(IndexedMail& mail, std::string_view word) {
    const auto finds = mail.index().find(mail.scribe().alice(), needle(word));
    REQUIRE(finds);
    return finds->stored;
}

// Every file of the index, one behind the other.
std::string allOctets(const std::filesystem::path& folder) {
    std::string octets;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        octets.append(std::istreambuf_iterator<char>(file), {});
    }
    return octets;
}

std::int64_t words(const std::filesystem::path& file, const std::string& table) {
    sqlite::Database database(file, sqlite::Database::Mode::Write);
    database.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, " + table + ", row)");
    return database.number("SELECT count(*) FROM temp.words");
}

}  // namespace

TEST_CASE("search index: of another journal it begins anew", "[engine]") {
    IndexedMail other;
    other.append(message("elsewhere"));
    REQUIRE(other.wait());
    other.closeIndex();

    IndexedMail mail;
    const Seq here = mail.append(message("here"));
    REQUIRE(mail.wait());
    mail.closeIndex();
    std::filesystem::remove_all(mail.folder());
    std::filesystem::copy(other.folder(), mail.folder());
    mail.openIndex();
    REQUIRE(mail.wait());
    CHECK((found(mail, "here") == std::vector{here}));
    CHECK(found(mail, "elsewhere").empty());
    other.openIndex();
}

TEST_CASE("search index: a folder as a kill leaves it is gone on from", "[engine]") {
    IndexedMail mail;
    const Seq one = mail.append(message("one"));
    REQUIRE(mail.wait());
    mail.closeIndex();
    mail.openIndex();
    const Seq two = mail.append(message("two"));
    REQUIRE(mail.wait());
    // The files while they are open: the last batch is in a log, and the catalogue knows nothing
    // of it.
    const TemporaryFolder copy;
    std::filesystem::copy(mail.folder(), copy.path() / "search");
    mail.closeIndex();
    std::filesystem::remove_all(mail.folder());
    std::filesystem::copy(copy.path() / "search", mail.folder());
    mail.openIndex();
    const Seq three = mail.append(message("three"));
    REQUIRE(mail.wait());
    CHECK((found(mail, "one") == std::vector{one}));
    CHECK((found(mail, "two") == std::vector{two}));
    CHECK((found(mail, "three") == std::vector{three}));
    CHECK(found(mail, "tells of").size() == 3);
    const SearchIndexState state = mail.index().state();
    REQUIRE(state.accounts.size() == 1);
    CHECK(state.accounts.front().messages == 3);
}

TEST_CASE("search index: files that are not what the catalogue says are made again", "[engine]") {
    IndexedMail mail;
    const AccountId alice = mail.scribe().alice();
    const Seq one = mail.append(message("one"));
    REQUIRE(mail.wait());
    mail.closeIndex();
    const std::filesystem::path shelf = shelfFile(mail.folder(), alice);
    const TemporaryFolder copy;
    std::filesystem::copy(shelf, copy.path() / "older");
    mail.openIndex();
    const Seq two = mail.append(message("two"));
    REQUIRE(mail.wait());
    mail.closeIndex();

    SECTION("an older one") {
        std::filesystem::copy(
            copy.path() / "older", shelf, std::filesystem::copy_options::overwrite_existing);
    }
    SECTION("none") { std::filesystem::remove(shelf); }
    SECTION("an empty one") { std::filesystem::resize_file(shelf, 0); }
    SECTION("a cut one") { std::filesystem::resize_file(shelf, 8'192); }
    SECTION("nonsense") {
        std::ofstream(shelf, std::ios::binary | std::ios::trunc) << std::string(20'000, 'x');
    }
    SECTION("no catalogue") { std::filesystem::remove(catalogueFile(mail.folder())); }
    SECTION("a catalogue of nonsense") {
        std::ofstream(catalogueFile(mail.folder()), std::ios::trunc) << std::string(5'000, 'x');
    }
    mail.openIndex();
    // Either it is answered right, or not at all.
    CHECK((mail.ask(alice, needle("one")) == std::vector{one}));
    CHECK((mail.ask(alice, needle("two")) == std::vector{two}));
    const Seq three = mail.append(message("three"));
    REQUIRE(mail.wait());
    REQUIRE(mail.wait());
    CHECK((found(mail, "one") == std::vector{one}));
    CHECK((found(mail, "two") == std::vector{two}));
    CHECK((found(mail, "three") == std::vector{three}));
}

TEST_CASE("search index: what was forgotten leaves no octet behind", "[engine]") {
    IndexedMail mail;
    const AccountId alice = mail.scribe().alice();
    const Seq one = mail.append(message("a lighthouse"));
    const Seq secret = mail.append(message("xylophones quietly buzzing"));
    const Seq two = mail.append(message("a harbour"));
    REQUIRE(mail.wait());
    CHECK((found(mail, "xylophones") == std::vector{secret}));
    TextPacker packer;
    const auto& text = mail.texts(alice).at(secret);
    const std::string packed = packer.pack(text.header + text.body);
    const std::string middle = packed.substr(packed.size() / 3, 24);
    CHECK(allOctets(mail.folder()).find(middle) != std::string::npos);

    mail.closeIndex();
    {
        SearchIndex index(mail.scribe().folder(), mail.scribe().journal(), mail.log());
        const std::array<Seq, 2> gone{secret, Seq(999'999)};
        index.forget(alice, gone);
        index.settle();
        CHECK(index.state().accounts.front().messages == 2);
        CHECK(allOctets(mail.folder()).find(middle) == std::string::npos);
    }
    CHECK(allOctets(mail.folder()).find(middle) == std::string::npos);
    // The words are those of the others alone.
    Grams grams;
    std::set<std::string> left;
    for (const Seq stored : {one, two}) {
        std::istringstream stream(grams.of(mail.texts(alice).at(stored).body));
        for (std::string word; stream >> word;)
            left.insert(word);
    }
    CHECK(words(shelfFile(mail.folder(), alice), "bodyGrams") == std::ssize(left));
    mail.openIndex();
    CHECK(found(mail, "xylophones").empty());
    CHECK((found(mail, "tells of a ") == std::vector{one, two}));
}

TEST_CASE("search index: a damaged message is looked at, an erased one has no text", "[engine]") {
    IndexedMail mail;
    ScribeFixture& f = mail.scribe();
    mail.closeIndex();
    const Seq damaged = mail.append(message("damaged"));
    const Seq erased = mail.append(message("erased"));
    f.withEvent(erased, [&](const Record& record) {
        f.journal().content().erase(refOf(*blobOf(record.core())).place, ContentState::Erased);
    });
    f.withEvent(damaged, [&](const Record& record) {
        const Place place = refOf(*blobOf(record.core())).place;
        const auto folder = f.folder() / "content";
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
            std::string octets(std::istreambuf_iterator<char>(file), {});
            const std::size_t at = octets.find("tells of damaged", place.offset);
            if (at == std::string::npos) continue;
            file.clear();
            file.seekp(static_cast<std::streamoff>(at));
            file.put('T');
        }
    });
    mail.openIndex();
    REQUIRE(mail.wait());
    const auto finds = mail.index().find(f.alice(), needle("tells of"));
    REQUIRE(finds);
    CHECK(finds->stored.empty());
    CHECK((finds->scanToo == std::vector{damaged}));
}
