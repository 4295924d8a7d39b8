// outcome.h
//
// Outcome<T>: what was asked for, or the reason why not. For expected answers only; broken worlds
// are exceptions. Values; any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "journal/base/refusal.h"

namespace daybook {

template <class T>
using Outcome = std::expected<T, Refusal>;

// Nothing to hand over but "done".
struct Done {};

inline std::unexpected<Refusal> refuse(RefusalReason reason, std::string detail = {}) {
    return std::unexpected<Refusal>(Refusal{.reason = reason, .detail = std::move(detail)});
}

}  // namespace daybook
