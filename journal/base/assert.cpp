#include "journal/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace daybook {

void assertionFailed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "daybook: broken invariant: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace daybook
