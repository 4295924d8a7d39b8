// Several clients do random things to one mailbox at the same time. Each believes what it was told
// and what it asked for in silence; at the end all must believe what is true. Seeded: a failure
// prints its seed.

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "journal/base/ascii.h"
#include "tests/protocols/imap/imap_client.h"

namespace daybook::test {

namespace {

using Flags = std::set<std::string>;

constexpr std::array<const char*, 4> kFlags{"\\Seen", "\\Flagged", "\\Draft", "$One"};

// The flags of "... FLAGS (a b) ..." without \Recent; nothing: none are told.
std::optional<Flags> flagsIn(const std::string& line) {
    const std::size_t begin = line.find("FLAGS (");
    if (begin == std::string::npos) return std::nullopt;
    Flags flags;
    std::string word;
    for (std::size_t i = begin + 7; i < line.size(); ++i) {
        if (line[i] != ' ' && line[i] != ')') {
            word += line[i];
            continue;
        }
        if (!word.empty() && word != "\\Recent") flags.insert(word);
        word.clear();
        if (line[i] == ')') break;
    }
    return flags;
}

class Believer {
public:
    Believer(const MailHouse& house, unsigned seed) : client_(house), dice_(seed) {
        client_.command("SELECT box");
    }

    // What it has in mind, by number; nothing: not told yet.
    std::vector<std::optional<Flags>> believed;

    void begin() {
        silent_.clear();
        edit_ = {};
        const std::string text = choose();
        holdsExpunges_ =
            text.starts_with("FETCH") || text.starts_with("STORE") || text.starts_with("SEARCH");
        client_.begin(text);
    }

    void end() {
        const Answered answered = client_.end();
        INFO(answered.tagged);
        // Messages that somebody else took away cannot be copied.
        REQUIRE((answered.isOk() || answered.tagged.starts_with("NO [EXPUNGEISSUED]")));
        // Silence: the client does itself what it asked for, and hears about the rest.
        for (const std::uint32_t number : silent_)
            apply(number);
        for (const std::string& line : answered.untagged)
            hear(line);
    }

    void askAll() {
        client_.begin("NOOP");
        holdsExpunges_ = false;
        silent_.clear();
        end();
        if (believed.empty()) return;
        client_.begin("FETCH 1:* FLAGS");
        // Only what it does not know is taken from the answer: the rest must be right already.
        const auto before = believed;
        const Answered answered = client_.end();
        for (const std::string& line : answered.untagged)
            hear(line);
        REQUIRE(before.size() == believed.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            if (!before[i]) continue;
            INFO("message " << i + 1);
            CHECK(*before[i] == *believed[i]);
        }
    }

private:
    std::uint32_t pick(std::uint32_t count) {
        return std::uniform_int_distribution<std::uint32_t>(1, count)(dice_);
    }

    std::string choose() {
        const auto count = static_cast<std::uint32_t>(believed.size());
        const std::uint32_t what = pick(20);
        if (count == 0 || what <= 3) {
            const std::string message = "Subject: x\r\n\r\n" + std::string(pick(50), 'x');
            return "APPEND box {" + std::to_string(message.size()) + "+}\r\n" + message;
        }
        const std::uint32_t a = pick(count);
        const std::uint32_t b = pick(count);
        const std::string set =
            std::to_string(std::min(a, b)) + ':' + std::to_string(std::max(a, b));
        const std::string flag = kFlags[pick(kFlags.size()) - 1];
        switch (what) {
            case 4: return "NOOP";
            case 5: return "EXPUNGE";
            case 6: return "FETCH " + set + " (FLAGS)";
            case 7: return "FETCH " + set + " (BODY.PEEK[TEXT]<0.1>)";
            case 8: return "SEARCH UNSEEN";
            case 9: return "UID FETCH 1:* (FLAGS)";
            case 10: return "COPY " + std::to_string(a) + " box";
            case 11: return "MOVE " + std::to_string(a) + " box";
            case 12: return "STORE " + std::to_string(a) + " +FLAGS (\\Deleted)";
            case 13: return "FETCH " + std::to_string(a) + " (BODY[TEXT]<0.1>)";
            case 14: return "STORE " + set + " -FLAGS (" + flag + ")";
            case 15: return "STORE " + set + " FLAGS (" + flag + ")";
            default: break;
        }
        edit_ = {.flag = flag, .kind = what % 3 == 0 ? '+' : what % 3 == 1 ? '-' : '='};
        for (std::uint32_t i = std::min(a, b); i <= std::max(a, b); ++i)
            silent_.push_back(i);
        const std::string sign = edit_.kind == '=' ? "" : std::string(1, edit_.kind);
        return "STORE " + set + ' ' + sign + "FLAGS.SILENT (" + flag + ")";
    }

    void apply(std::uint32_t number) {
        std::optional<Flags>& flags = believed.at(number - 1);
        if (edit_.kind == '=') flags = Flags{edit_.flag};
        if (!flags) return;
        if (edit_.kind == '+') flags->insert(edit_.flag);
        if (edit_.kind == '-') flags->erase(edit_.flag);
    }

    void hear(const std::string& line) {
        INFO(line);
        if (!line.starts_with("* ") || line.size() < 3 || !isDigit(line[2])) return;
        const std::size_t blank = line.find(' ', 2);
        const std::size_t number = std::stoul(line.substr(2, blank - 2));
        const std::string what = line.substr(blank + 1);
        if (what == "EXISTS") {
            REQUIRE(number > believed.size());
            believed.resize(number);
        } else if (what == "EXPUNGE") {
            REQUIRE_FALSE(holdsExpunges_);
            REQUIRE(number >= 1);
            REQUIRE(number <= believed.size());
            believed.erase(believed.begin() + static_cast<std::ptrdiff_t>(number - 1));
        } else if (what.starts_with("FETCH")) {
            REQUIRE(number <= believed.size());
            if (const auto flags = flagsIn(what)) believed.at(number - 1) = *flags;
        }
    }

    struct Edit {
        std::string flag;
        char kind = '=';
    };

    ImapClient client_;
    std::mt19937 dice_;
    std::vector<std::uint32_t> silent_;
    Edit edit_;
    bool holdsExpunges_ = false;
};

void interleave(unsigned seed, bool condstore) {
    INFO("seed " << seed);
    MailHouse house;
    ImapClient setup(house);
    setup.command("CREATE box");
    std::vector<std::unique_ptr<Believer>> believers;
    for (unsigned i = 0; i < 4; ++i) {
        believers.push_back(std::make_unique<Believer>(house, seed * 31 + i));
    }
    std::mt19937 dice(seed);
    for (int round = 0; round < 300; ++round) {
        std::vector<Believer*> active;
        for (const auto& believer : believers) {
            if (dice() % 3 != 0) active.push_back(believer.get());
        }
        for (Believer* const believer : active)
            believer->begin();
        for (Believer* const believer : active)
            believer->end();
    }
    for (const auto& believer : believers)
        believer->askAll();
    setup.command(condstore ? "SELECT box (CONDSTORE)" : "SELECT box");
    const Answered truth = setup.command("FETCH 1:* (FLAGS)");
    for (const auto& believer : believers) {
        REQUIRE(believer->believed.size() == truth.untagged.size());
        for (std::size_t i = 0; i < truth.untagged.size(); ++i) {
            CHECK(believer->believed[i] == flagsIn(truth.untagged[i]));
        }
    }
}

}  // namespace

TEST_CASE("imap: whatever happens at once, all believe the truth in the end", "[imap]") {
    for (const unsigned seed : {1U, 2U, 3U})
        interleave(seed, seed == 3);
}

}  // namespace daybook::test
