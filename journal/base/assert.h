// assert.h
//
// DAYBOOK_ASSERT: a broken invariant of our own stops the program, in every build. Never for input
// of a peer, of a file or of a user: those are refusals, exceptions, or errors of a protocol.
#pragma once

namespace daybook {

// Prints the broken condition and aborts. Thread: any.
[[noreturn]] void assertionFailed(const char* condition, const char* file, int line);

}  // namespace daybook

#define DAYBOOK_ASSERT(condition) \
    ((condition) ? void() : ::daybook::assertionFailed(#condition, __FILE__, __LINE__))
