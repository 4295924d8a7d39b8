#include "engine/search/search_index.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "engine/mime/decoding.h"
#include "tests/engine/mime/corpus.h"
#include "tests/engine/search/indexed_mail.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string crlf(std::string_view text) { return withCrlf(text); }

bool isBegin(std::string_view text, std::size_t at) {
    return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

// So many characters of the text, from anywhere.
std::string piece(std::string_view text, std::size_t characters, std::mt19937_64& dice) {
    if (text.empty()) return {};
    std::size_t from = dice() % text.size();
    while (!isBegin(text, from))
        --from;
    std::size_t to = from;
    for (std::size_t i = 0; i < characters && to < text.size(); ++i) {
        ++to;
        while (!isBegin(text, to))
            ++to;
    }
    return std::string(text.substr(from, to - from));
}

std::string randomText(std::size_t characters, std::mt19937_64& dice) {
    static const std::vector<std::string> alphabet{
        "a",
        "e",
        "n",
        "t",
        " ",
        "%",
        "\"",
        "'",
        "*",
        "\\",
        "_",
        "0",
        "=",
        "\n",
        "\r\n",
        "\xCC\x88",
        "\xC3\xA4",
        "\xCE\xB1",
        "^",
        "-",
        ":",
        "(",
        ")",
        "\xD0\xB6",
        "\xE6\x97\xA5",
        "\xEF\xBF\xBD",
        "\xF0\x9F\x98\x80"};
    std::string text;
    for (std::size_t i = 0; i < characters; ++i)
        text += alphabet[dice() % alphabet.size()];
    return text;
}

const std::vector<std::string> kFields{
    "", "Subject", "from", "TO", "cc", "Received", "X-None", "Message-ID", "content-type"};

SearchNeedle randomNeedle(const std::map<Seq, IndexedMail::Text>& texts, std::mt19937_64& dice) {
    auto at = texts.begin();
    std::advance(at, dice() % texts.size());
    const std::size_t characters = 1 + dice() % (dice() % 4 == 0 ? 60 : 8);
    SearchNeedle result;
    result.scope = static_cast<SearchScope>(dice() % 3);
    if (result.scope == SearchScope::Header) result.field = kFields[dice() % kFields.size()];
    const bool inHeader = result.scope == SearchScope::Header || dice() % 3 == 0;
    result.text = dice() % 5 == 0
                      ? randomText(characters, dice)
                      : piece(inHeader ? at->second.header : at->second.body, characters, dice);
    // As a client's would be: folded again, which may change what was cut out of a folded text.
    if (dice() % 4 == 0) result.text = mime::foldCase(result.text);
    if (result.text.empty()) result.text = "x";
    return result;
}

void agree(const IndexedMail& mail, AccountId account, std::uint64_t seed, int questions) {
    std::mt19937_64 dice(seed);
    int hits = 0;
    for (int i = 0; i < questions; ++i) {
        const SearchNeedle asked = randomNeedle(mail.texts(account), dice);
        const std::vector<Seq> expected = mail.scan(account, asked);
        const std::vector<Seq> found = mail.ask(account, asked);
        INFO(
            "seed " << seed << ", question " << i << ": scope " << static_cast<int>(asked.scope)
                    << " field '" << asked.field << "' text '" << asked.text << "'");
        REQUIRE((found == expected));
        if (!expected.empty()) ++hits;
    }
    // The questions are worth asking.
    CHECK(hits > questions / 3);
}

}  // namespace

TEST_CASE("search index: answers as a look at every text does", "[engine]") {
    IndexedMail mail;
    ScribeFixture& f = mail.scribe();
    const AccountId bob = f.addAccount("bob@example.org");
    std::size_t count = 0;
    for (const CorpusMessage& message : corpusMessages()) {
        if (message.octets.size() > 300'000) continue;
        if (count++ % 4 == 0) {
            mail.deliver(bob, message.octets);
        } else {
            mail.append(message.octets);
        }
    }
    REQUIRE(count > 300);
    REQUIRE(mail.wait());
    const auto finds = mail.index().find(f.alice(), needle("subject"));
    REQUIRE(finds);
    CHECK(finds->covers == f.head());
    CHECK(finds->scanToo.empty());
    agree(mail, f.alice(), 1, 1'500);
    agree(mail, bob, 2, 1'000);

    SECTION("and still after a restart") {
        mail.closeIndex();
        mail.openIndex();
        CHECK(mail.index().covers() == f.head());
        agree(mail, f.alice(), 3, 300);
    }
    SECTION("and when it was made again") {
        mail.keeper().rebuild();
        REQUIRE(mail.wait());
        agree(mail, f.alice(), 4, 300);
        agree(mail, bob, 5, 300);
    }
}

TEST_CASE("search index: encoded words, charsets, case and accents are read", "[engine]") {
    IndexedMail mail;
    const AccountId alice = mail.scribe().alice();
    const Seq latin = mail.append(
        crlf("Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus\n =?utf-8?b?S8O2bG4=?=\n"
             "Content-Type: text/plain; charset=iso-8859-1\n"
             "Content-Transfer-Encoding: quoted-printable\n\nDie Stra=DFe ist WEIT=\n weg.\n"));
    const Seq japanese =
        mail.append(crlf("Subject: x\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
                         "\x1B$BF|K\\8l\x1B(B\n"));
    REQUIRE(mail.wait());
    const auto find = [&](std::string_view text, SearchScope scope = SearchScope::Text) {
        const auto finds = mail.index().find(alice, needle(mime::foldCase(text), scope));
        REQUIRE(finds);
        return finds->stored;
    };
    CHECK((find("GRÜẞE AUS KÖLN") == std::vector{latin}) == (find("grüße aus köln").size() == 1));
    CHECK((find("grüße aus köln") == std::vector{latin}));
    CHECK((find("KÖLN") == std::vector{latin}));
    CHECK(find("KÖLN", SearchScope::Body).empty());
    CHECK((find("weit weg", SearchScope::Body) == std::vector{latin}));
    CHECK(find("weit weg", SearchScope::Header).empty());
    // Two characters are enough where two are a word, and one is looked for in the texts.
    CHECK((find("本語") == std::vector{japanese}));
    CHECK((find("語") == std::vector{japanese}));
    CHECK((find("ö") == std::vector{latin}));
    const auto inField = mail.index().find(alice, headerNeedle("SUBJECT", "x"));
    REQUIRE(inField);
    CHECK((inField->stored == std::vector{japanese}));
}

TEST_CASE("search index: what it cannot answer it says", "[engine]") {
    IndexedMail mail;
    const AccountId alice = mail.scribe().alice();
    const AccountId bob = mail.scribe().addAccount("bob@example.org");
    mail.append(crlf("Subject: one\n\nfirst\n"));
    REQUIRE(mail.wait());
    CHECK_FALSE(mail.index().find(alice, needle("")));
    const auto nobody = mail.index().find(bob, needle("first"));
    REQUIRE(nobody);
    CHECK(nobody->stored.empty());
    CHECK(nobody->covers == mail.index().covers());
    mail.index().stop();
    CHECK_FALSE(mail.index().find(alice, needle("first")));
}

TEST_CASE("search index: what is behind the limit is looked for in the message", "[engine]") {
    IndexedMail mail(2'000);
    const AccountId alice = mail.scribe().alice();
    std::string filling;
    for (int i = 0; i < 400; ++i)
        filling += "filling " + std::to_string(i) + "\n";
    const Seq small = mail.append(crlf("Subject: small\n\nneedle\n"));
    const Seq large = mail.append(crlf("Subject: large\n\nearly\n" + filling + "needle\n"));
    const Seq header =
        mail.append(crlf("X-Fill: " + std::string(3'000, 'f') + "\nTo: late\n\nx\n"));
    REQUIRE(mail.wait());
    const auto finds = mail.index().find(alice, needle("needle"));
    REQUIRE(finds);
    CHECK((finds->stored == std::vector{small}));
    CHECK((finds->scanToo == std::vector{large, header}));
    CHECK((mail.ask(alice, needle("needle")) == std::vector{small, large}));
    CHECK((mail.ask(alice, needle("early")) == std::vector{large}));
    CHECK((mail.ask(alice, headerNeedle("to", "late")) == std::vector{header}));
    agree(mail, alice, 6, 200);
}

TEST_CASE("search index: questions while it grows are right as far as it covers", "[engine]") {
    IndexedMail mail;
    const AccountId alice = mail.scribe().alice();
    mail.append(crlf("Subject: common 0\n\ncommon\n"));
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::atomic<int> asked = 0;
    std::jthread asker([&] {
        while (!done) {
            const auto finds = mail.index().find(alice, needle("common"));
            if (!finds) continue;
            // Every message has it: ever more are found, and none twice.
            if (!std::ranges::is_sorted(finds->stored)) ++wrong;
            if (!finds->stored.empty() && finds->covers < finds->stored.back()) ++wrong;
            ++asked;
        }
    });
    for (int i = 1; i < 150; ++i)
        mail.append(crlf("Subject: common " + std::to_string(i) + "\n\ncommon\n"));
    REQUIRE(mail.wait());
    done = true;
    asker.join();
    CHECK(wrong == 0);
    CHECK(asked > 0);
    CHECK(mail.index().find(alice, needle("common"))->stored.size() == 150);
}
