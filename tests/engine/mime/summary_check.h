// summary_check.h
//
// What must hold of every summary, whatever the message: used by the corpus test, by the mutations
// and by the fuzz target.
#pragma once

#include <string_view>

namespace daybook::test {

// Throws std::runtime_error that says what is wrong: syntax of the three texts, texts that do not
// agree with the parts, extents that are not nested and ordered, wrong line counts, texts that are
// not clean UTF-8, parts that extentOf() does not find.
void checkSummary(std::string_view message);

}  // namespace daybook::test
