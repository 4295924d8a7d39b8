// gzip.h
//
// A text as a gzip file (RFC 1952): the one door to zlib. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace daybook {

std::string gzip(std::string_view text);

}  // namespace daybook
