#include "tests/bench/imap_load.h"

#include <algorithm>
#include <array>
#include <exception>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace daybook::bench {

namespace {

// A mailbox of ordinary mail: the few large ones would be most of its octets.
constexpr std::size_t kMessageOctetsMax = 64U << 10U;
constexpr std::uint32_t kThreads = 20'000;
constexpr std::uint32_t kAppendsAtOnce = 200;
constexpr unsigned kAppendingConnections = 16;
constexpr std::array<std::string_view, 16> kWords = {
    "invoice",
    "meeting",
    "report",
    "holiday",
    "Grüße",
    "contract",
    "budget",
    "photos",
    "minutes",
    "release",
    "ticket",
    "server",
    "garden",
    "question",
    "summary",
    "plans"};
constexpr std::array<std::string_view, 12> kMonths = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool isField(std::string_view line, std::string_view name) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
        return a == std::tolower(static_cast<unsigned char>(b));
    });
}

bool isReplaced(std::string_view line) {
    constexpr std::array<std::string_view, 5> kFields = {
        "subject", "date", "message-id", "references", "in-reply-to"};
    return std::ranges::any_of(
        kFields, [line](std::string_view name) { return isField(line, name); });
}

// With CRLF, without the fields that a message gets anew and without the line of an mbox.
std::string bodyOf(const std::string& octets) {
    std::string result;
    bool inHeader = true;
    bool dropping = false;
    std::size_t at = 0;
    while (at < octets.size()) {
        std::size_t end = octets.find('\n', at);
        if (end == std::string::npos) end = octets.size();
        std::string_view line(octets.data() + at, end - at);
        const bool first = at == 0;
        at = end + 1;
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty()) inHeader = false;
        if (inHeader) {
            const bool continued = line.starts_with(' ') || line.starts_with('\t');
            if (!continued) dropping = isReplaced(line) || (first && line.starts_with("From "));
            if (dropping) continue;
        }
        for (const char c : line) {
            if (c != '\r') result += c;
        }
        result += "\r\n";
    }
    return result;
}

std::string dateOf(std::uint32_t number) {
    // Not in the order of arrival.
    const std::uint32_t minute = number * 2'654'435'761U % 525'600U;
    const std::uint32_t day = minute / 1'440;
    return fmt::format(
        "{} {} {} {:02}:{:02}:{:02} +0000",
        1 + day % 28,
        kMonths[day / 31],
        2016 + number % 10,
        minute / 60 % 24,
        minute % 60,
        number % 60);
}

std::string idOf(std::uint32_t number) { return fmt::format("<{:08}.load@bench.test>", number); }

void appendOne(BenchClient& client, const std::string& mailbox, const std::string& message) {
    client.command(fmt::format("APPEND {} {{{}+}}\r\n", mailbox, message.size()) + message);
}

void appendMany(
    BenchClient& client, const CorpusLoad& load, const std::string& mailbox, std::uint32_t count) {
    for (std::uint32_t number = 0; number < count;) {
        const std::uint32_t end = std::min(number + kAppendsAtOnce, count);
        std::string command = "APPEND " + mailbox;
        for (; number < end; ++number) {
            const std::string message = load.message(number);
            command += fmt::format(" {{{}+}}\r\n", message.size()) + message;
        }
        client.command(command);
    }
}

}  // namespace

CorpusLoad::CorpusLoad() {
    const std::filesystem::path folder = DAYBOOK_SOURCE_DIR "/tests/corpus";
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const bool isMessage = entry.is_regular_file() && entry.path().parent_path() != folder &&
                               entry.path().parent_path().filename() != "licences";
        if (isMessage && entry.file_size() <= kMessageOctetsMax) files.insert(entry.path());
    }
    for (const std::filesystem::path& path : files) {
        std::ifstream file(path, std::ios::binary);
        const std::string octets(std::istreambuf_iterator<char>(file), {});
        if (octets.find('\0') == std::string::npos) bodies_.push_back(bodyOf(octets));
    }
    if (bodies_.empty()) throw std::runtime_error("no messages in " + folder.string());
}

std::string CorpusLoad::message(std::uint32_t number) const {
    const std::uint32_t thread = number % kThreads;
    std::string references;
    for (std::uint32_t before = thread; before < number; before += kThreads)
        references += " " + idOf(before);
    std::string header = fmt::format(
        "Subject: {}{} and {}, case {}\r\nDate: {}\r\nMessage-ID: {}\r\n",
        references.empty() ? "" : "Re: ",
        kWords[thread % kWords.size()],
        kWords[thread / kWords.size() % kWords.size()],
        thread,
        dateOf(number),
        idOf(number));
    if (!references.empty()) {
        header +=
            "In-Reply-To: " + idOf(number - kThreads) + "\r\nReferences:" + references + "\r\n";
    }
    return header + bodies_[number % bodies_.size()];
}

BenchClient loggedIn(const ImapPeer& peer, unsigned account, unsigned source) {
    BenchClient client(peer.imapPort(), false, source);
    client.expect("* OK");
    client.command("LOGIN " + peer.login(account) + " " + peer.password(account));
    return client;
}

void fill(
    const ImapPeer& peer,
    const CorpusLoad& load,
    unsigned account,
    const std::string& mailbox,
    std::uint32_t count) {
    BenchClient client = loggedIn(peer, account);
    if (client.ask("CAPABILITY").find(" MULTIAPPEND") != std::string::npos) {
        return appendMany(client, load, mailbox, count);
    }
    std::mutex mutex;
    std::exception_ptr failure;
    {
        std::vector<std::jthread> threads;
        for (unsigned index = 0; index < kAppendingConnections; ++index) {
            threads.emplace_back([&, index] {
                try {
                    BenchClient own = loggedIn(peer, account);
                    for (std::uint32_t i = index; i < count; i += kAppendingConnections)
                        appendOne(own, mailbox, load.message(i));
                } catch (const std::exception&) {
                    const std::lock_guard lock(mutex);
                    failure = std::current_exception();
                }
            });
        }
    }
    if (failure) std::rethrow_exception(failure);
}

LmtpClient::LmtpClient(const ImapPeer& peer) : client_(peer.lmtpPort(), false) {
    client_.expect("220");
    client_.send("LHLO client.test\r\n");
    client_.expect("250");
}

void LmtpClient::submit(const std::string& recipient, const std::string& message) {
    client_.send("MAIL FROM:<sender@sender.test>\r\nRCPT TO:<" + recipient + ">\r\nDATA\r\n");
    client_.expect("250");
    client_.expect("250");
    client_.expect("354");
    std::string stuffed;
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = message.find('\n', at) + 1;
        if (message[at] == '.') stuffed += '.';
        stuffed.append(message, at, end - at);
        at = end;
    }
    client_.send(stuffed + ".\r\n");
}

void LmtpClient::acknowledged() { client_.expect("250"); }

}  // namespace daybook::bench
