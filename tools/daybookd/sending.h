// sending.h
//
// The daemon's parts for mail to other servers: resolver, TLS policies, SMTP client, reports, the
// courier; a part of the assembly's list. Thread: main.
#pragma once

#include <memory>

#include "engine/authentication/signer.h"
#include "engine/config/config.h"
#include "engine/delivery/reception.h"
#include "engine/scribe/scribe.h"
#include "journal/journal.h"

namespace daybook {

class Sending {
public:
    struct Parts {
        const Config& config;
        const Log& log;
        const Clock& clock;
        Random& random;
        Journal& journal;
        Hub& hub;
        Scribe& scribe;
        WorkerPool& workers;
        Reception& reception;
        const Signer& signer;
    };

    // Throws what the parts throw: TlsFilesUnusable, std::runtime_error (dns, passwords).
    explicit Sending(const Parts& parts);
    ~Sending();

    // Requires: the scribe has started.
    void start();
    // Requires: the scribe still runs.
    void stop();

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
