// services.h
//
// What every protocol's session is given: the server's parts, made by the assembly, which outlive
// every session. References only; any reactor.
#pragma once

#include <string>

#include "engine/authentication/authenticator.h"
#include "engine/config/config.h"
#include "engine/delivery/rate_limits.h"
#include "engine/delivery/reception.h"
#include "engine/directory/directory.h"
#include "engine/runtime/tls_context.h"
#include "engine/scribe/hub.h"
#include "engine/scribe/scribe.h"
#include "engine/scribe/strangers.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"
#include "journal/base/random.h"
#include "journal/content_log.h"
#include "journal/journal.h"
#include "projections/views.h"

namespace daybook {

class SearchIndex;

struct Services {
    const Config& config;
    const Log& log;
    const Clock& clock;
    Random& random;
    Views& views;
    ContentLog& content;
    const Journal& journal;
    Scribe& scribe;
    Hub& hub;
    Strangers& strangers;
    const Directory& directory;
    Authenticator& authenticator;
    Reception& reception;
    WorkerPool& workers;
    // nullptr: there are no limits.
    RateLimits* rates = nullptr;
    // For STARTTLS; nullptr: no certificate, so no TLS is offered.
    TlsContext* tls = nullptr;
    // nullptr: none is kept, SEARCH looks at every message. See engine/search/search_index.h.
    const SearchIndex* searchIndex = nullptr;
};

}  // namespace daybook
