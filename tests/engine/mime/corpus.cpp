#include "tests/engine/mime/corpus.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace daybook::test {

std::vector<CorpusMessage> corpusMessages() {
    const std::string folder = DAYBOOK_SOURCE_DIR "/tests/corpus/";
    std::ifstream manifest(folder + "MANIFEST.tsv");
    if (!manifest) throw std::runtime_error("no tests/corpus/MANIFEST.tsv");
    std::vector<CorpusMessage> messages;
    std::string line;
    std::getline(manifest, line);  // the column names
    while (std::getline(manifest, line)) {
        std::istringstream columns(line);
        CorpusMessage message;
        std::string ignored;
        std::getline(columns, message.name, '\t');
        std::getline(columns, ignored, '\t');
        std::getline(columns, ignored, '\t');
        std::getline(columns, message.sha256, '\t');
        std::ifstream file(folder + message.name, std::ios::binary);
        if (!file) throw std::runtime_error("no tests/corpus/" + message.name);
        message.octets.assign(std::istreambuf_iterator<char>(file), {});
        messages.push_back(std::move(message));
    }
    return messages;
}

}  // namespace daybook::test
