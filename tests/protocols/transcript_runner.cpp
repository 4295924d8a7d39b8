#include "tests/protocols/transcript_runner.h"

#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tests/support/mail_house.h"

namespace daybook::test {

namespace {

std::string withEscapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char kind = text[++i];
        if (kind == 'x' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == '0' ? '\0' : kind;
        }
    }
    return out;
}

std::string expanded(std::string_view text) {
    constexpr std::string_view kBase64 = "{base64:";
    const std::size_t begin = text.find(kBase64);
    const std::size_t end = text.find('}', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return withEscapes(text);
    const std::size_t inner = begin + kBase64.size();
    return withEscapes(text.substr(0, begin)) +
           toBase64(withEscapes(text.substr(inner, end - inner))) + expanded(text.substr(end + 1));
}

class Player {
public:
    explicit Player(const std::filesystem::path& file) : file_(file) {}

    void play() {
        std::ifstream stream(file_);
        std::string line;
        while (std::getline(stream, line)) {
            ++lineNumber_;
            if (!line.empty() && line.front() != '#') step(line);
        }
        if (!client_) fail("the transcript is empty");
    }

private:
    [[noreturn]] void fail(const std::string& why) const {
        throw TranscriptFailed(fmt::format("{}:{}: {}", file_.string(), lineNumber_, why));
    }

    void step(const std::string& line) {
        const std::string_view rest =
            std::string_view(line).substr(std::min<std::size_t>(3, line.size()));
        try {
            switch (line.front()) {
                case '@': return setting(std::string_view(line).substr(2));
                case 'C': return client().send(expanded(rest) + "\r\n");
                case 'R': return client().send(expanded(rest));
                case 'S': return hear(rest);
                case 'M': return hearLast(rest);
                case 'T': return client().startTls();
                case 'E':
                    if (!client().atEnd()) fail("the server did not end");
                    return;
                default: fail("no such step: " + line);
            }
        } catch (const ClientFailed& failure) {
            fail(fmt::format("{}: {}", line, failure.what()));
        }
    }

    void hear(std::string_view pattern) {
        const std::string said = client().readLine();
        if (!fits(said, pattern)) fail(fmt::format("expected \"{}\", heard \"{}\"", pattern, said));
    }

    void hearLast(std::string_view pattern) {
        std::string said = client().readLine();
        while (said.size() > 3 && said[3] == '-')
            said = client().readLine();
        if (!fits(said, pattern)) fail(fmt::format("expected \"{}\", heard \"{}\"", pattern, said));
    }

    void setting(std::string_view text) {
        const std::size_t blank = text.find(' ');
        const std::string_view name = text.substr(0, blank);
        const std::string_view value =
            blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
        if (name == "door") {
            door_ = doorNamed(value);
        } else if (name == "max") {
            options_.messageOctetsMax = parseNumber(value).value();
        } else if (name == "no-plaintext") {
            options_.plaintextLogin = false;
        } else if (name == "no-tls") {
            options_.tls = false;
        } else if (name == "listener") {
            policy(value);
        } else if (name == "rates") {
            RateConfig& rates = options_.rates.emplace();
            rates.exemptLoopback = false;
            const std::uint32_t most = static_cast<std::uint32_t>(parseNumber(value).value());
            rates.accountMessagesPerHour = rates.accountRecipientsPerHour = most;
            rates.addressConnectionsPerMinute = rates.addressMessagesPerMinute = most;
        } else if (name == "delegated") {
            const std::size_t space = value.find(' ');
            house().delegate(value.substr(0, space), value.substr(space + 1), true);
        } else if (name == "delivered") {
            const std::size_t space = value.find(' ');
            house().deliver(value.substr(0, space), withEscapes(value.substr(space + 1)));
        } else {
            fail("no such setting: " + std::string(name));
        }
    }

    void policy(std::string_view text) {
        ListenerConfig& policy = options_.policy;
        if (text == "auth offered") {
            policy.auth = ListenerAuth::Offered;
        } else if (text == "auth none") {
            policy.auth = ListenerAuth::None;
        } else if (text == "any address") {
            policy.ownAddressesOnly = false;
        } else if (text == "any from") {
            policy.ownFromOnly = false;
        } else if (text == "relay from loopback") {
            policy.relayFrom.add("127.0.0.0/8");
        } else if (text == "xclient from loopback") {
            policy.xclientFrom.add("127.0.0.0/8");
        } else if (text == "two recipients") {
            policy.recipientsMax = 2;
        } else if (text == "small messages") {
            policy.messageOctetsMax = 100;
        } else {
            fail("no such policy");
        }
    }

    Door doorNamed(std::string_view name) const {
        if (name == "mx") return Door::Mx;
        if (name == "submission") return Door::Submission;
        if (name == "lmtp") return Door::Lmtp;
        if (name == "pop3") return Door::Pop3;
        if (name == "imap") return Door::Imap;
        fail("no such door");
    }

    MailHouse& house() {
        if (!house_) house_ = std::make_unique<MailHouse>(options_);
        return *house_;
    }

    TestClient& client() {
        if (!client_) client_.emplace(house().client(door_));
        return *client_;
    }

    std::filesystem::path file_;
    std::size_t lineNumber_ = 0;
    MailHouseOptions options_;
    Door door_ = Door::Mx;
    std::unique_ptr<MailHouse> house_;
    std::optional<TestClient> client_;
};

}  // namespace

bool fits(std::string_view text, std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return text == pattern;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    const std::string_view after = pattern.substr(star + 1);
    for (std::size_t i = star; i <= text.size(); ++i) {
        if (fits(text.substr(i), after)) return true;
    }
    return false;
}

void playTranscript(const std::filesystem::path& file) { Player(file).play(); }

}  // namespace daybook::test
