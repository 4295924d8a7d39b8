// capnp_compat.h
//
// Lets the headers of Cap'n Proto 0.9 compile in C++20 and later, where `a == b` may be rewritten
// to `b == a` and becomes ambiguous. Force-included into every file by CMake; include nothing here.
// `!=` is declared first because that switches the rewritten `==` off; the bodies call the member
// by name because `b == a` would call itself for ever.
#pragma once

#include <kj/string.h>

namespace kj {

inline bool operator!=(const char* a, const StringPtr& b) { return !b.operator==(StringPtr(a)); }

inline bool operator==(const char* a, const StringPtr& b) { return b.operator==(StringPtr(a)); }

inline bool operator!=(const char* a, const String& b) { return !b.operator==(StringPtr(a)); }

inline bool operator==(const char* a, const String& b) { return b.operator==(StringPtr(a)); }

}  // namespace kj
