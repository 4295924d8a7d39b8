#include "tests/engine/mime/corpus.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "engine/mime/address_list.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/structure.h"
#include "journal/base/ascii.h"
#include "journal/base/digest.h"
#include "journal/base/encoding.h"
#include "tests/engine/mime/gmime_opinion.h"
#include "tests/engine/mime/summary_check.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<LeafBounds> ourLeaves(const std::string& message) {
    std::vector<LeafBounds> leaves;
    for (const mime::StructurePart& part : mime::scanStructure(message)) {
        if (part.kind != mime::PartKind::Leaf) continue;
        leaves.push_back({
            .begin = static_cast<std::int64_t>(part.bodyOffset),
            .end = static_cast<std::int64_t>(part.bodyEnd),
        });
    }
    return leaves;
}

std::string shown(const std::vector<LeafBounds>& leaves) {
    std::string result;
    for (const LeafBounds& leaf : leaves) {
        result += " " + std::to_string(leaf.begin) + "-" + std::to_string(leaf.end);
    }
    return result;
}

std::string ourAddresses(const std::string& value) {
    std::string result;
    for (const mime::ListedAddress& address : mime::parseAddressList(value)) {
        if (address.kind != mime::ListedAddress::Kind::Mailbox) continue;
        result += address.mailbox + (address.host.empty() ? "" : "@" + address.host) + "|";
    }
    return result;
}

// Fields that are no addresses by RFC 5322: GMime drops them or makes up others.
const std::map<std::string, std::string> kOtherAddresses{
    {"chatmail-core/invalid_email_to.eml",
     "8-bit octets, cut in the middle: GMime joins two of four"},
    {"flanker/mailformed-headers.eml", "an octet that is not UTF-8 before the local part"},
    {"mimekit/messages--stack-overflow.txt", "thousands of encoded words, colons among them"},
    {"spamassassin/nice--dkim--MultipleReceived_08", "two dots in a row: GMime drops the address"},
    {"spamassassin/nice--dkim--NonExistingHeader_09", "two dots in a row"},
};

bool isAddressField(std::string_view name) {
    for (const char* known : {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"}) {
        if (equalsIgnoreCase(name, known)) return true;
    }
    return false;
}

// gmime_differences.tsv: file, reason.
std::map<std::string, std::string> knownDifferences() {
    std::map<std::string, std::string> known;
    std::ifstream file(DAYBOOK_SOURCE_DIR "/tests/engine/mime/gmime_differences.tsv");
    std::string line;
    while (std::getline(file, line) && line.starts_with("#")) {
    }
    while (std::getline(file, line)) {
        const std::size_t tab = line.find('\t');
        if (tab != std::string::npos) known[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return known;
}

}  // namespace

TEST_CASE("corpus: every file is there, byte for byte", "[mime]") {
    const auto messages = corpusMessages();
    CHECK(messages.size() == 401);
    for (const CorpusMessage& message : messages) {
        INFO(message.name);
        CHECK(toHex(sha256(asBytes(message.octets))) == message.sha256);
    }
}

TEST_CASE("corpus: every summary is well formed, whatever the line ends", "[mime]") {
    for (const CorpusMessage& message : corpusMessages()) {
        INFO(message.name);
        CHECK_NOTHROW(checkSummary(message.octets));
        CHECK_NOTHROW(checkSummary(withCrlf(message.octets)));
    }
}

TEST_CASE("corpus: leaves lie where GMime finds them, or the reason is known", "[mime]") {
    auto known = knownDifferences();
    for (const CorpusMessage& message : corpusMessages()) {
        const std::string octets = withCrlf(message.octets);
        const auto ours = ourLeaves(octets);
        const auto theirs = gmimeLeaves(octets);
        INFO(message.name << "\nours: " << shown(ours) << "\nGMime:" << shown(theirs));
        // A reason for a difference that is none any more is wrong, too.
        CHECK((ours != theirs) == known.contains(message.name));
        known.erase(message.name);
    }
    CHECK(known.empty());
}

TEST_CASE("corpus: addresses are those that GMime finds, or the reason is known", "[mime]") {
    auto known = kOtherAddresses;
    int compared = 0;
    for (const CorpusMessage& message : corpusMessages()) {
        for (const auto& field : mime::headerFields(mime::headerOf(message.octets))) {
            if (!isAddressField(field.name)) continue;
            const std::string value = mime::unfolded(field.value);
            const std::string ours = lowered(ourAddresses(value));
            const std::string theirs = lowered(gmimeAddresses(value));
            ++compared;
            if (ours == theirs) continue;
            INFO(message.name << "\n" << value);
            CHECK(known.erase(message.name) == 1);
        }
    }
    CHECK(known.empty());
    CHECK(compared > 700);
}
