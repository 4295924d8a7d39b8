// corpus.h
//
// The messages of tests/corpus, as MANIFEST.tsv lists them.
#pragma once

#include <string>
#include <vector>

namespace daybook::test {

struct CorpusMessage {
    std::string name;    // "folder/file"
    std::string octets;  // byte for byte
    std::string sha256;  // hexadecimal, as listed
};

// Requires: the test program was built by daybook_test(). Throws if a file is missing.
std::vector<CorpusMessage> corpusMessages();

}  // namespace daybook::test
