// unbound_context.h
//
// One context of libunbound, set up: options in the order that it needs them, each return code
// looked at, and finished, so that what is wrong shows now and not with the first question. For
// unbound_resolver.cpp. Thread: whoever owns it.
#pragma once

#include <memory>
#include <unbound.h>

#include "engine/dns/unbound_resolver.h"

namespace daybook::dns {

struct UnboundContextDeleter {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};

using UnboundContext = std::unique_ptr<ub_ctx, UnboundContextDeleter>;

// The anchor's file, or empty if nothing can be validated. Throws std::runtime_error if the file
// that is named cannot be read or has no key in it.
std::filesystem::path findTrustAnchor(const UnboundOptions& options);

// `anchor`: of findTrustAnchor(). Throws std::runtime_error.
UnboundContext makeUnboundContext(
    const UnboundOptions& options, const std::filesystem::path& anchor);

// What libunbound found, as we say it.
Answer answerOf(const ub_result& result, const std::string& name);

}  // namespace daybook::dns
