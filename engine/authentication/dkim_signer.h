// dkim_signer.h
//
// Signs with the active keys of a domain: as the accounts view knows them at the moment, private
// halves from the secrets store. Thread: any.
#pragma once

#include "engine/authentication/signer.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"
#include "journal/secrets_store.h"
#include "projections/views.h"

namespace daybook {

class DkimSigner final : public Signer {
public:
    struct Parts {
        const Views& views;
        const SecretsStore& secrets;
        const Clock& clock;
        const Log& log;
    };

    explicit DkimSigner(Parts parts) : parts_(parts) {}

    std::optional<std::string> domainFor(
        AccountId sender, std::string_view reversePath, std::string_view header) const override;
    std::string signatureFor(
        const std::string& domain, std::span<const std::string_view> pieces) const override;

private:
    Parts parts_;
};

}  // namespace daybook
