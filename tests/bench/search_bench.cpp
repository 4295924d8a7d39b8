// search_bench.cpp
//
// The search index of one account, without a server around it: messages are put in in batches as
// the keeper does, then asked for. Prints JSON lines.
//
//   add    messages and octets of text a second (processor time: other work does not count), and
//          octets of the file for each octet of text.
//   find   milliseconds, the median of 9: nothing found, some, many; of two characters (no
//   trigram). scan   the same questions by looking at the messages, as SEARCH does without an
//   index;
//          of a part of them, as if it were all.
//
// --messages N (default 100,000); --smoke: few, to see that it works.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <fmt/format.h>
#include <random>
#include <sstream>

#include "engine/mime/decoding.h"
#include "engine/mime/searchable_text.h"
#include "engine/search/search_shelf.h"
#include "tests/engine/mime/corpus.h"
#include "tests/engine/mime/summary_of.h"
#include "tests/support/temporary_folder.h"

using namespace daybook;

namespace {

constexpr std::size_t kBatch = 4'000;
constexpr std::size_t kScanned = 4'000;
constexpr std::size_t kTextOctetsMax = 1U << 20U;
constexpr int kRepeats = 9;

double processorSeconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Messages that are like others and like none: the head of one of the corpus, lines of two, words
// of all, and of every hundredth and every third a word that no other has.
class Writer {
public:
    Writer() {
        for (const test::CorpusMessage& message : test::corpusMessages()) {
            const std::size_t end = message.octets.find("\n\n");
            const std::size_t crlf = message.octets.find("\r\n\r\n");
            const std::size_t body = std::min(end, crlf);
            if (body == std::string::npos || message.octets.size() > 20'000) continue;
            if (message.octets.find("multipart/") != std::string::npos) continue;
            heads_.push_back(message.octets.substr(0, body));
            bodies_.push_back(message.octets.substr(body));
            takeWords(bodies_.back());
        }
    }

    std::string next() {
        std::string text = pick(heads_);
        text += fmt::format("\nX-Number: <{:016x}@bench.test>", dice_());
        const std::string& one = pick(bodies_);
        const std::string& other = pick(bodies_);
        text += one.substr(0, dice_() % (one.size() + 1));
        text += "\n" + other.substr(dice_() % (other.size() + 1)) + "\n";
        for (int i = 0; i < 100; ++i)
            text += pick(words_) + " ";
        if (number_ % 100 == 0) text += "hydrofoil";
        if (number_ % 3 == 0) text += "saxifrage";
        ++number_;
        return text + "\n";
    }

private:
    void takeWords(const std::string& text) {
        std::istringstream stream(text);
        for (std::string word; stream >> word;)
            if (word.size() < 20) words_.push_back(word);
    }

    const std::string& pick(const std::vector<std::string>& list) {
        return list[dice_() % list.size()];
    }

    std::mt19937_64 dice_{7};
    std::vector<std::string> heads_;
    std::vector<std::string> bodies_;
    std::vector<std::string> words_;
    std::size_t number_ = 0;
};

SearchText textOf(Seq stored, std::string_view message) {
    test::SummaryOf summary(message);
    const std::size_t end = summary.root().getParts()[0].getBodyOffset();
    return {
        .stored = stored,
        .header = mime::searchableHeader(message.substr(0, end), kTextOctetsMax).text,
        .body = mime::searchableBody(message, summary.root(), kTextOctetsMax).text,
    };
}

struct Question {
    const char* name;
    SearchNeedle needle;
};

std::vector<Question> questions() {
    return {
        {"no hit", {.text = "nowhere-to-be-found"}},
        {"no hit, common trigrams", {.text = "ation the ingther"}},
        {"1 in 100", {.text = "hydrofoil"}},
        {"1 in 3", {.text = "saxifrage"}},
        {"header field, no hit",
         {.scope = SearchScope::Header, .field = "from", .text = "nobody@"}},
        {"two characters", {.text = "qj"}},
    };
}

void add(const std::filesystem::path& file, std::size_t messages, std::vector<std::string>& kept) {
    ShelfWriter shelf(file);
    Writer writer;
    std::uint64_t octets = 0;
    double extracting = 0;
    double adding = 0;
    for (std::size_t done = 0; done < messages;) {
        std::vector<std::string> batch;
        for (; batch.size() < kBatch && done + batch.size() < messages;)
            batch.push_back(writer.next());
        double start = processorSeconds();
        std::vector<SearchText> texts;
        for (const std::string& message : batch)
            texts.push_back(textOf(Seq(done + texts.size() + 1), message));
        extracting += processorSeconds() - start;
        start = processorSeconds();
        done += batch.size();
        shelf.add(texts, {.journalId = 1, .applied = Seq(done)});
        adding += processorSeconds() - start;
        for (const SearchText& text : texts)
            octets += text.header.size() + text.body.size();
        if (kept.size() < kScanned) kept.insert(kept.end(), batch.begin(), batch.end());
    }
    const auto size = std::filesystem::file_size(file);
    const auto log = std::filesystem::file_size(file.string() + "-wal");
    fmt::print(
        "{{\"bench\":\"add\",\"messages\":{},\"textOctets\":{},\"messagesPerSecond\":{:.0f},"
        "\"megabytesPerSecond\":{:.1f},\"extractingPart\":{:.2f},\"fileOctets\":{},"
        "\"logOctets\":{},\"fileOctetsPerTextOctet\":{:.2f}}}\n",
        messages,
        octets,
        static_cast<double>(messages) / (extracting + adding),
        static_cast<double>(octets) / 1e6 / (extracting + adding),
        extracting / (extracting + adding),
        size,
        log,
        static_cast<double>(size) / static_cast<double>(octets));
}

double medianOf(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void find(const std::filesystem::path& file) {
    ShelfReader shelf(file);
    const std::atomic<bool> never = false;
    for (const Question& question : questions()) {
        std::vector<double> wall;
        std::vector<double> processor;
        std::size_t hits = 0;
        for (int i = 0; i < kRepeats; ++i) {
            const auto start = std::chrono::steady_clock::now();
            const double used = processorSeconds();
            hits = shelf.find(question.needle, never)->stored.size();
            processor.push_back((processorSeconds() - used) * 1e3);
            wall.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count());
        }
        fmt::print(
            "{{\"bench\":\"find\",\"question\":\"{}\",\"hits\":{},\"milliseconds\":{:.2f},"
            "\"processorMs\":{:.2f}}}\n",
            question.name,
            hits,
            medianOf(wall),
            medianOf(processor));
    }
}

void scan(const std::vector<std::string>& kept, std::size_t messages) {
    for (const Question& question : questions()) {
        const double start = processorSeconds();
        std::size_t hits = 0;
        for (const std::string& message : kept) {
            const SearchText text = textOf(Seq(1), message);
            if (question.needle.scope == SearchScope::Header) {
                hits += mime::headerHolds(text.header, question.needle.field, question.needle.text);
            } else {
                hits += text.header.find(question.needle.text) != std::string::npos ||
                        text.body.find(question.needle.text) != std::string::npos;
            }
        }
        const double seconds = processorSeconds() - start;
        const double times = static_cast<double>(messages) / static_cast<double>(kept.size());
        fmt::print(
            "{{\"bench\":\"scan\",\"question\":\"{}\",\"hits\":{},\"processorMs\":{:.0f}}}\n",
            question.name,
            static_cast<std::size_t>(static_cast<double>(hits) * times),
            seconds * times * 1e3);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t messages = 100'000;
    CLI::App app("the search index of one account");
    app.add_option("--messages", messages, "how many (default: 100,000)");
    bool smoke = false;
    app.add_flag("--smoke", smoke, "few, to see that it works");
    CLI11_PARSE(app, argc, argv);
    if (smoke) messages = 500;
    mime::initialize();
    const test::TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "shelf.db";
    std::vector<std::string> kept;
    add(file, messages, kept);
    find(file);
    scan(kept, messages);
    return 0;
}
