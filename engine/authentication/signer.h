// signer.h
//
// Who signs what leaves in a domain's name. Reception has every submission signed; who changes a
// message later (a conversion for a peer without 8BITMIME) has it signed anew. CPU-bound: on a
// worker. Thread: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/base/ids.h"

namespace daybook {

class Signer {
public:
    virtual ~Signer() = default;

    // The domain of ours that answers for a message from this account (none: the server's own) with
    // this reverse-path and header; nothing: none does, and the message goes unsigned.
    virtual std::optional<std::string> domainFor(
        AccountId sender, std::string_view reversePath, std::string_view header) const = 0;

    // The signature fields, with CRLF, to go before everything in `pieces` (as dkimSign() takes
    // them). Empty if the domain has no key that signs, or if the message cannot be signed, which
    // is logged: mail is not held up for want of a signature, and is judged by others as it is.
    virtual std::string signatureFor(
        const std::string& domain, std::span<const std::string_view> pieces) const = 0;
};

}  // namespace daybook
